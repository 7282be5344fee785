package org.jdit.tensor.cpu.kernel;

import org.jdit.tensor.DType;
import org.jdit.tensor.cpu.machine.MatrixUnit;

/**
 * How {@link Gemm} packs its operands and multiplies them, block by block. A panel holds some lines
 * side by side: rows of the left operand, or columns of the right one, of which a panel has {@link
 * MicroKernel#WIDTH}. Sizes are in floats.
 */
sealed interface Blocks permits FloatBlocks, UnitBlocks {
  /** Blocks whose right operands hold numbers of a type, if that saves memory. */
  Blocks holding(DType type);

  /** Rows of a left panel, except perhaps the last one. */
  int height();

  /** Rows of the left panel that begins when {@code left} rows are left. */
  int height(int left);

  /** Rows of all panels together, filling included. */
  default int padded(int rows) {
    int whole = rows / height() * height();
    return rows == whole ? rows : whole + height(rows - whole);
  }

  /** Size of a line of {@code terms} terms of the left operand. */
  int leftLine(int terms);

  /** Size of a line of {@code terms} terms of the right operand. */
  int rightLine(int terms);

  /**
   * Packs rows of a left operand, rounded; rows beyond its last one are zero.
   *
   * @param height what {@link #height(int)} said
   * @param at where to in the left operand's working memory
   */
  void left(Scratch.Local local, Matrix a, int row, int height, int from, int depth, int at);

  /**
   * Packs a panel of columns, rounded; columns beyond the last one are zero.
   *
   * @param columns the right operand, transposed
   * @param to address of the panel
   */
  void right(Scratch.Local local, Matrix columns, int panel, int from, int depth, long to);

  /**
   * Makes a right panel ready for many products; may overwrite the left operands' memory of {@code
   * local}.
   *
   * @return where {@link #multiply} finds it, until the next call for the same {@code local}
   */
  long ready(Scratch.Local local, long right, int depth);

  /**
   * The product of two panels.
   *
   * @param height rows of the left panel
   * @param left where it is in the left operand's working memory
   * @param right what {@link #ready} said of the right panel
   * @param depth terms
   * @param tile the result, {@code [height][WIDTH]}
   */
  void multiply(int height, int left, long right, int depth, float[] tile);

  /** An element of a right panel of {@code depth} terms. */
  float element(long right, int depth, int term, int column);

  /** Floats of the largest tile. */
  static int mostTile() {
    return Math.max(MicroKernel.HEIGHT * MicroKernel.WIDTH, MatrixUnit.SIDE * MatrixUnit.SIDE);
  }
}
