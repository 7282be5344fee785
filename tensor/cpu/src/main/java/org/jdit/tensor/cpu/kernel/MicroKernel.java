package org.jdit.tensor.cpu.kernel;

/** The register block of matrix products. */
final class MicroKernel {
  /** Columns of a block: two vectors. */
  static final int WIDTH = 2 * Lanes.COUNT;

  private MicroKernel() {}

  /** How many panels hold {@code cols} columns. */
  static int panels(int cols) {
    return Math.ceilDiv(cols, WIDTH);
  }
}
