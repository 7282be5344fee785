package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import org.jdit.tensor.DType;
import org.jdit.tensor.cpu.machine.MatrixUnit;

/**
 * How the kernels pack the operands of products and multiply them, block by block. A panel holds
 * some lines side by side: rows of the left operand, or columns of the right one, of which a panel
 * has {@link MicroKernel#WIDTH}. Left panels lie in a working memory of the blocks' own, right ones
 * wherever there is room. Sizes are in floats.
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

  /** Fills {@code to} with left panels from the working memory. */
  void saveLeft(int at, MemorySegment to);

  /** Copies left panels, saved by blocks of this kind, to the working memory. */
  void loadLeft(MemorySegment from, int at);

  /**
   * Packs a panel of columns, rounded; columns beyond the last one are zero.
   *
   * @param columns the right operand, transposed
   * @param to address of the panel
   */
  void right(Scratch.Local local, Matrix columns, int panel, int from, int depth, long to);

  /**
   * Packs a panel of columns for use at once.
   *
   * @param columns the right operand, transposed
   * @return where {@link #multiply} finds it, until the next call for the same {@code local}
   */
  long right(Scratch.Local local, Matrix columns, int panel, int from, int depth);

  /**
   * Makes a right panel ready for many products; may overwrite the left operands' memory of {@code
   * local}.
   *
   * @return where {@link #multiply} finds it, until the next call for the same {@code local}
   */
  long ready(Scratch.Local local, long right, int depth);

  /**
   * Packs all terms of a panel of columns, ready for products that are to be multiplied by a
   * factor.
   *
   * @param to address of the panel, with room for float32 and for {@link #rightLine}
   * @return the factor that is still to be applied to the products: this one, or 1
   */
  float scaled(Scratch.Local local, Matrix columns, int panel, float factor, long to);

  /**
   * Makes a right panel of what lies at an address as {@code [depth][WIDTH]}, rounded.
   *
   * @param rows may be rounded in place
   * @param to address of room for the panel, apart from {@code rows}
   * @return where {@link #multiply} finds it, {@code rows} or {@code to}
   */
  long rounded(Scratch.Local local, long rows, int depth, long to);

  /**
   * The product of two panels.
   *
   * @param height rows of the left panel
   * @param left where it is in the left operand's working memory
   * @param right address of the right panel, ready for products
   * @param depth terms
   * @param tile the result, {@code [height][WIDTH]}
   */
  void multiply(int height, int left, long right, int depth, float[] tile);

  /** An element of a left panel of {@code height} rows and {@code depth} terms at an address. */
  float leftElement(long left, int height, int depth, int row, int term);

  /** An element of a right panel of {@code depth} terms. */
  float element(long right, int depth, int term, int column);

  /** Floats of the largest tile. */
  static int mostTile() {
    return Math.max(MicroKernel.HEIGHT * MicroKernel.WIDTH, MatrixUnit.SIDE * MatrixUnit.SIDE);
  }
}
