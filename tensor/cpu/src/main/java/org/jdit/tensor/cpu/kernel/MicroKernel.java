package org.jdit.tensor.cpu.kernel;

import org.jdit.tensor.cpu.machine.BlockKernel;
import org.jdit.tensor.cpu.machine.FloatCode;

/**
 * The register block of matrix products: a panel of rows of the left operand times a panel of
 * columns of the right one. Each element is one chain of fused multiply-adds in the order of the
 * terms, so it is the same in a block of any height.
 */
final class MicroKernel {
  /** Columns of a block: two vectors. */
  static final int WIDTH = 2 * Lanes.COUNT;

  /** Rows of a block, except perhaps the last one. */
  static final int HEIGHT = Lanes.COUNT == 16 ? 12 : 6;

  private static final int SMALL = 6;

  /** In machine code where there is such a kernel for these vectors. */
  private static final BlockKernel KERNEL =
      Lanes.COUNT == 16
          ? FloatCode.find().toOptional().map(FloatCode::products).orElse(MicroKernel::vectors)
          : MicroKernel::vectors;

  private MicroKernel() {}

  /** How many panels hold {@code cols} columns. */
  static int panels(int cols) {
    return Math.ceilDiv(cols, WIDTH);
  }

  /** Rows of the panel that begins when {@code left} rows are left. */
  static int height(int left) {
    return left > SMALL ? HEIGHT : SMALL;
  }

  /** Rows of all panels together, filling included. */
  static int padded(int rows) {
    int whole = rows / HEIGHT * HEIGHT;
    return rows == whole ? rows : whole + height(rows - whole);
  }

  /**
   * {@code tile = A · B} for a panel of {@code height} rows.
   *
   * @param height what {@link #height} said
   * @param a the rows, as {@code [depth][height]} from {@code aStart} on
   * @param b address of the columns, as {@code [depth][WIDTH]}
   * @param tile the result, {@code [height][WIDTH]}
   */
  static void multiply(int height, float[] a, int aStart, long b, int depth, float[] tile) {
    KERNEL.multiply(height, a, aStart, b, depth, tile);
  }

  private static void vectors(int height, float[] a, int aStart, long b, int depth, float[] tile) {
    if (height > SMALL) {
      Kernel12.multiply(a, aStart, b, depth, tile);
    } else {
      Kernel6.multiply(a, aStart, b, depth, tile);
    }
  }
}
