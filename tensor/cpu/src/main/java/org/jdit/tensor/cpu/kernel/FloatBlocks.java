package org.jdit.tensor.cpu.kernel;

import org.jdit.tensor.spi.Precision;

/** Blocks of float32, their elements rounded as a precision says. */
final class FloatBlocks implements Blocks {
  private final Precision precision;
  private final float[] left;

  /** Blocks with the given working memory for left operands. */
  FloatBlocks(Precision precision, float[] left) {
    this.precision = precision;
    this.left = left;
  }

  @Override
  public int height() {
    return MicroKernel.HEIGHT;
  }

  @Override
  public int height(int left) {
    return MicroKernel.height(left);
  }

  @Override
  public int line(int terms) {
    return terms;
  }

  @Override
  public void left(
      Scratch.Local local, Matrix a, int row, int height, int from, int depth, int at) {
    Panel.pack(precision, a, row, height, from, depth, left, at);
  }

  @Override
  public void right(Scratch.Local local, Matrix columns, int panel, int from, int depth, long to) {
    PackedMatrix.packPanel(precision, columns, panel, from, depth, local.heap, to);
  }

  @Override
  public void multiply(int height, int at, long right, int depth, float[] tile) {
    MicroKernel.multiply(height, left, at, right, depth, tile);
  }

  @Override
  public float element(long right, int depth, int term, int column) {
    long at = (long) term * MicroKernel.WIDTH + column;
    return Lanes.MEMORY.get(Panel.FLOAT, right + at * Float.BYTES);
  }
}
