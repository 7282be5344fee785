package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jdit.tensor.DType;
import org.jdit.tensor.cpu.kernel.Bf16Panels.Part;
import org.jdit.tensor.cpu.machine.MatrixUnit;

/**
 * Blocks of bfloat16 for a matrix unit, for vectors of 512 bits, whose panels are as wide as the
 * unit's. Terms are filled up with zeros to whole steps.
 *
 * @param unit the unit
 * @param split whether an element is the sum of two, which lie in two panels one after the other
 * @param left address of working memory for left operands
 * @param room floats of it
 */
record UnitBlocks(MatrixUnit unit, boolean split, long left, int room) implements Blocks {
  @Override
  public Blocks holding(DType type) {
    return this;
  }

  @Override
  public int height() {
    return MatrixUnit.SIDE;
  }

  @Override
  public int height(int left) {
    return MatrixUnit.SIDE;
  }

  @Override
  public int leftLine(int terms) {
    int floats = MatrixUnit.STEP * Short.BYTES / Float.BYTES;
    return Bf16Panels.steps(terms) * (split ? 2 * floats : floats);
  }

  @Override
  public int rightLine(int terms) {
    return leftLine(terms);
  }

  @Override
  public long ready(Scratch.Local local, long right, int depth) {
    return right;
  }

  @Override
  public void left(
      Scratch.Local local, Matrix a, int row, int height, int from, int depth, int at) {
    long to = address(at, MatrixUnit.SIDE * leftLine(depth));
    Bf16Panels.left(Part.HIGH, a, row, from, depth, to, local.work);
    if (split) {
      Bf16Panels.left(Part.LOW, a, row, from, depth, to + part(depth), local.work);
    }
  }

  @Override
  public void saveLeft(int at, MemorySegment to) {
    to.copyFrom(segment(at, to.byteSize()));
  }

  @Override
  public void loadLeft(MemorySegment from, int at) {
    segment(at, from.byteSize()).copyFrom(from);
  }

  private MemorySegment segment(int at, long bytes) {
    return Lanes.MEMORY.asSlice(address(at, (int) (bytes / Float.BYTES)), bytes);
  }

  /** Of {@code count} floats of the left operands' working memory. */
  private long address(int at, int count) {
    return left + (long) Objects.checkFromIndexSize(at, count, room) * Float.BYTES;
  }

  @Override
  public void right(Scratch.Local local, Matrix columns, int panel, int from, int depth, long to) {
    int first = panel * MatrixUnit.SIDE;
    Bf16Panels.right(Part.HIGH, columns, first, from, depth, to, local.work);
    if (split) {
      Bf16Panels.right(Part.LOW, columns, first, from, depth, to + part(depth), local.work);
    }
  }

  @Override
  public long right(Scratch.Local local, Matrix columns, int panel, int from, int depth) {
    right(local, columns, panel, from, depth, local.memory);
    return local.memory;
  }

  @Override
  public float scaled(Scratch.Local local, Matrix columns, int panel, float factor, long to) {
    right(local, columns, panel, 0, columns.cols(), to);
    return factor;
  }

  @Override
  public long rounded(Scratch.Local local, long rows, int depth, long to) {
    int width = MatrixUnit.SIDE;
    Matrix columns = new Matrix(Lanes.MEMORY, rows / Float.BYTES, width, depth, 1, width);
    right(local, columns, 0, 0, depth, to);
    return to;
  }

  /** Bytes of one panel of the two. */
  private static long part(int depth) {
    return MatrixUnit.bytes(Bf16Panels.steps(depth));
  }

  @Override
  public void multiply(int height, int at, long right, int depth, float[] tile) {
    long a = address(at, MatrixUnit.SIDE * leftLine(depth));
    int steps = Bf16Panels.steps(depth);
    if (split) {
      long low = part(depth);
      unit.multiplySplit(a, a + low, right, right + low, tile, steps, false);
    } else {
      unit.multiply(a, right, tile, steps, false);
    }
  }

  @Override
  public float leftElement(long left, int height, int depth, int row, int term) {
    float high = Bf16Panels.left(left, row, term);
    return split ? high + Bf16Panels.left(left + part(depth), row, term) : high;
  }

  @Override
  public float element(long right, int depth, int term, int column) {
    float high = Bf16Panels.right(right, term, column);
    return split ? high + Bf16Panels.right(right + part(depth), term, column) : high;
  }
}
