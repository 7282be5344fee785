package org.jdit.dit.model;

/** The fixed position table of a vision transformer, two-dimensional sines and cosines. */
public final class PositionEmbedding {
  private PositionEmbedding() {}

  /**
   * Row-major {@code [grid·grid, dim]}, one row for each patch: the first half of the channels says
   * the patch's column, the second half its row, each as {@code [sin | cos]} of the coordinate at
   * frequencies {@code 10000^(-i/(dim/4))}.
   *
   * @param dim channels, a multiple of 4
   * @param grid patches along a side
   */
  public static double[] sinCos2d(int dim, int grid) {
    if (dim % 4 != 0) {
      throw new IllegalArgumentException("dim must be a multiple of 4, not " + dim);
    }
    double[] table = new double[grid * grid * dim];
    for (int row = 0; row < grid; row++) {
      for (int column = 0; column < grid; column++) {
        int at = (row * grid + column) * dim;
        sinCos(column, table, at, dim / 4);
        sinCos(row, table, at + dim / 2, dim / 4);
      }
    }
    return table;
  }

  private static void sinCos(int position, double[] table, int at, int frequencies) {
    for (int i = 0; i < frequencies; i++) {
      double angle = position * (1 / Math.pow(10000, (double) i / frequencies));
      table[at + i] = Math.sin(angle);
      table[at + frequencies + i] = Math.cos(angle);
    }
  }
}
