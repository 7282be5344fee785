package org.jdit.dit.image;

import java.util.Arrays;

/**
 * Pillow's resampling of 8-bit pictures: rows, then columns, each in fixed point and rounded to
 * bytes; where a picture gets smaller, the filter gets wider.
 */
final class Resampling {
  /** 32 bits less 8 of the pixel and 2 for sums beyond its range. */
  private static final int PRECISION = 32 - 8 - 2;

  private Resampling() {}

  /**
   * One side of a picture and what becomes of it.
   *
   * @param in pixels before
   * @param out pixels after
   * @param from first of those that are wanted
   * @param count how many are wanted
   */
  record Axis(int in, long out, long from, int count) {
    /** All of a side. */
    static Axis whole(int in, int out) {
      return new Axis(in, out, 0, out);
    }
  }

  /** What the pixels of a side are made of. */
  private static final class Taps {
    /** The first pixel of the source that counts, by pixel of the result. */
    private final int[] first;

    /** Of it and those behind it, by pixel of the result. */
    private final int[][] weights;

    Taps(Axis axis, Filter filter) {
      double scale = (double) axis.in() / axis.out();
      double stretch = Math.max(scale, 1);
      double support = filter.support() * stretch;
      first = new int[axis.count()];
      weights = new int[axis.count()][];
      for (int i = 0; i < axis.count(); i++) {
        double center = (axis.from() + i + 0.5) * scale;
        first[i] = Math.max((int) (center - support + 0.5), 0);
        int end = Math.min((int) (center + support + 0.5), axis.in());
        weights[i] = fixed(first[i], end, center, 1 / stretch, filter);
      }
    }

    private static int[] fixed(int first, int end, double center, double shrink, Filter filter) {
      double[] exact = new double[end - first];
      double sum = 0;
      for (int k = 0; k < exact.length; k++) {
        exact[k] = filter.weight((k + first - center + 0.5) * shrink);
        sum += exact[k];
      }
      int[] fixed = new int[exact.length];
      for (int k = 0; k < exact.length; k++) {
        double w = (sum == 0 ? exact[k] : exact[k] / sum) * (1 << PRECISION);
        fixed[k] = (int) (w < 0 ? w - 0.5 : w + 0.5);
      }
      return fixed;
    }

    int start() {
      return first[0];
    }

    int end() {
      return first[first.length - 1] + weights[first.length - 1].length;
    }
  }

  /** The wanted part of a picture of another size. */
  static RgbImage resize(RgbImage image, Axis x, Axis y, Filter filter) {
    Taps columns = new Taps(x, filter);
    Taps rows = new Taps(y, filter);
    byte[] between = alongRows(image, columns, rows.start(), rows.end());
    return RgbImage.adopt(x.count(), y.count(), alongColumns(between, x.count(), rows));
  }

  private static byte[] alongRows(RgbImage image, Taps taps, int startRow, int endRow) {
    int width = taps.first.length;
    byte[] in = image.bytes();
    byte[] out = new byte[Math.multiplyExact((endRow - startRow) * 3, width)];
    for (int y = startRow, to = 0; y < endRow; y++) {
      int row = y * image.width() * 3;
      for (int x = 0; x < width; x++, to += 3) {
        int from = row + taps.first[x] * 3;
        int r = 1 << (PRECISION - 1);
        int g = r;
        int b = r;
        for (int w : taps.weights[x]) {
          r += (in[from] & 0xff) * w;
          g += (in[from + 1] & 0xff) * w;
          b += (in[from + 2] & 0xff) * w;
          from += 3;
        }
        out[to] = clip(r);
        out[to + 1] = clip(g);
        out[to + 2] = clip(b);
      }
    }
    return out;
  }

  private static byte[] alongColumns(byte[] in, int width, Taps taps) {
    int stride = width * 3;
    byte[] out = new byte[Math.multiplyExact(stride, taps.first.length)];
    int[] sums = new int[stride];
    for (int y = 0; y < taps.first.length; y++) {
      Arrays.fill(sums, 1 << (PRECISION - 1));
      int from = (taps.first[y] - taps.start()) * stride;
      for (int w : taps.weights[y]) {
        for (int i = 0; i < stride; i++) {
          sums[i] += (in[from + i] & 0xff) * w;
        }
        from += stride;
      }
      for (int i = 0; i < stride; i++) {
        out[y * stride + i] = clip(sums[i]);
      }
    }
    return out;
  }

  private static byte clip(int sum) {
    return (byte) Math.clamp(sum >> PRECISION, 0, 255);
  }
}
