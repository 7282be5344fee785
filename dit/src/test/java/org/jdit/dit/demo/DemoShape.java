package org.jdit.dit.demo;

import java.util.stream.IntStream;

/** What is left of a drawing without its colours, place and size. */
final class DemoShape {
  private static final int GRID = 16;
  private static final int CLEAR = 40;

  private DemoShape() {}

  /** 1 where a pixel differs clearly from the corners of its half of the drawing, 0 elsewhere. */
  static double[] mask(int[] rgb, int size) {
    double[] mask = new double[size * size];
    for (int i = 0; i < mask.length; i++) {
      boolean clear =
          distance(rgb[i], corner(rgb, size, i / size, 0)) > CLEAR
              && distance(rgb[i], corner(rgb, size, i / size, size - 1)) > CLEAR;
      mask[i] = clear ? 1 : 0;
    }
    return mask;
  }

  private static int corner(int[] rgb, int size, int y, int x) {
    return rgb[(2 * y < size ? 0 : size - 1) * size + x];
  }

  /** The mask's bounding box, stretched to a grid; zeros if the mask is empty. */
  static double[] of(int[] rgb, int size) {
    double[] mask = mask(rgb, size);
    int[] xs =
        IntStream.range(0, mask.length).filter(i -> mask[i] > 0).map(i -> i % size).toArray();
    int[] ys =
        IntStream.range(0, mask.length).filter(i -> mask[i] > 0).map(i -> i / size).toArray();
    if (xs.length == 0) {
      return new double[GRID * GRID];
    }
    int left = IntStream.of(xs).min().getAsInt();
    int top = IntStream.of(ys).min().getAsInt();
    double wide = IntStream.of(xs).max().getAsInt() + 1 - left;
    double high = IntStream.of(ys).max().getAsInt() + 1 - top;
    double[] grid = new double[GRID * GRID];
    for (int i = 0; i < grid.length; i++) {
      int column = i % GRID;
      int row = i / GRID;
      int x = left + (int) ((column + 0.5) * wide / GRID);
      int y = top + (int) ((row + 0.5) * high / GRID);
      grid[i] = mask[y * size + x];
    }
    return grid;
  }

  /** Where two differ. */
  static double distance(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += Math.abs(a[i] - b[i]);
    }
    return sum;
  }

  private static int distance(int rgb, int other) {
    return IntStream.range(0, 3)
        .map(c -> Math.abs(((rgb >> (8 * c)) & 0xff) - ((other >> (8 * c)) & 0xff)))
        .max()
        .getAsInt();
  }
}
