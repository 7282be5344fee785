package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.spi.Precision;

/**
 * Blocks of float32, their elements rounded as a precision says. Right panels of bfloat16 are kept
 * in two bytes an element, since weights are many, and widened before their use.
 */
final class FloatBlocks implements Blocks {
  private final Precision precision;
  private final boolean half;
  private final float[] left;

  /** Blocks with the given working memory for left operands. */
  FloatBlocks(Precision precision, float[] left) {
    this.precision = precision;
    this.half = precision == Precision.BF16;
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
  public int leftLine(int terms) {
    return terms;
  }

  @Override
  public int rightLine(int terms) {
    return half ? Math.ceilDiv(terms, 2) : terms;
  }

  @Override
  public void left(
      Scratch.Local local, Matrix a, int row, int height, int from, int depth, int at) {
    Panel.pack(precision, a, row, height, from, depth, left, at);
  }

  @Override
  public void saveLeft(int at, MemorySegment to) {
    MemorySegment.copy(left, at, to, Panel.FLOAT, 0, floats(to));
  }

  @Override
  public void loadLeft(MemorySegment from, int at) {
    MemorySegment.copy(from, Panel.FLOAT, 0, left, at, floats(from));
  }

  private static int floats(MemorySegment panels) {
    return (int) (panels.byteSize() / Float.BYTES);
  }

  @Override
  public void right(Scratch.Local local, Matrix columns, int panel, int from, int depth, long to) {
    if (half) {
      int width = MicroKernel.WIDTH;
      Panel.pack(precision, columns, panel * width, width, from, depth, local.heap, 0);
      Bfloat16.narrow(local.heap, depth * width, to);
    } else {
      PackedMatrix.packPanel(precision, columns, panel, from, depth, local.heap, to);
    }
  }

  @Override
  public long right(Scratch.Local local, Matrix columns, int panel, int from, int depth) {
    PackedMatrix.packPanel(precision, columns, panel, from, depth, local.heap, local.memory);
    return local.memory;
  }

  @Override
  public long ready(Scratch.Local local, long right, int depth) {
    if (!half) {
      return right;
    }
    Bfloat16.widen(right, depth * MicroKernel.WIDTH, local.memory);
    return local.memory;
  }

  /** The factor goes to the operand, which here need not be a bfloat16 number. */
  @Override
  public float scaled(Scratch.Local local, Matrix columns, int panel, float factor, long to) {
    int width = MicroKernel.WIDTH;
    int depth = columns.cols();
    Panel.pack(precision, columns, panel * width, width, 0, depth, local.heap, 0);
    for (int i = 0; i < depth * width; i += Lanes.COUNT) {
      FloatVector x = FloatVector.fromArray(Lanes.F32, local.heap, i);
      Lanes.store(x.mul(factor), to + (long) i * Float.BYTES);
    }
    return 1;
  }

  @Override
  public long rounded(Scratch.Local local, long rows, int depth, long to) {
    Bfloat16.round(precision, rows, depth * MicroKernel.WIDTH);
    return rows;
  }

  @Override
  public void multiply(int height, int at, long right, int depth, float[] tile) {
    MicroKernel.multiply(height, left, at, right, depth, tile);
  }

  @Override
  public float leftElement(long left, int height, int depth, int row, int term) {
    long at = (long) term * height + row;
    return Lanes.MEMORY.get(Panel.FLOAT, left + at * Float.BYTES);
  }

  @Override
  public float element(long right, int depth, int term, int column) {
    long at = (long) term * MicroKernel.WIDTH + column;
    return half
        ? Bfloat16.at(right + at * Short.BYTES)
        : Lanes.MEMORY.get(Panel.FLOAT, right + at * Float.BYTES);
  }
}
