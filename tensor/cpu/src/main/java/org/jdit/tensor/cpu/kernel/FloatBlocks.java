package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.DType;
import org.jdit.tensor.cpu.machine.LoopWriter;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;
import org.jdit.tensor.cpu.machine.VectorLoop;
import org.jdit.tensor.spi.Precision;

/**
 * Blocks of float32, their elements rounded as a precision says. Right panels of numbers that two
 * bytes or one hold are kept so, since weights are many, and widened before their use.
 */
final class FloatBlocks implements Blocks {
  /** In machine code: the array times the number at the second address, to the first. */
  private static final Optional<VectorLoop> SCALE = scale();

  private final Precision precision;
  private final Stored stored;
  private final float[] left;

  /** Blocks with the given working memory for left operands. */
  FloatBlocks(Precision precision, float[] left) {
    this(precision, DType.F32, left);
  }

  private FloatBlocks(Precision precision, DType type, float[] left) {
    this.precision = precision;
    this.stored = Stored.of(precision, type);
    this.left = left;
  }

  private static Optional<VectorLoop> scale() {
    LoopWriter x = new LoopWriter();
    int scaled = x.mul(x.vector(new Place(LoopWriter.ARRAY, 0, 1)), x.constant(1, 0));
    x.store(scaled, new Place(0, 0, 1));
    return Loops.load(x);
  }

  @Override
  public Blocks holding(DType type) {
    return new FloatBlocks(precision, type, left);
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
    return stored.floats(terms);
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
    int count = depth * MicroKernel.WIDTH;
    switch (stored) {
      case F32 -> Panel.packRight(precision, columns, panel, from, depth, local.heap, to);
      case F16 -> {
        pack(columns, panel, from, depth, local.heap);
        Float16.narrow(local.heap, count, to);
      }
      case BF16 -> {
        pack(columns, panel, from, depth, local.heap);
        Bfloat16.narrow(local.heap, count, to);
      }
      case I8 -> Int8Panel.narrow(local, columns, panel, from, depth, to);
    }
  }

  private void pack(Matrix columns, int panel, int from, int depth, float[] into) {
    int width = MicroKernel.WIDTH;
    Panel.pack(precision, columns, panel * width, width, from, depth, into, 0);
  }

  @Override
  public long right(Scratch.Local local, Matrix columns, int panel, int from, int depth) {
    Panel.packRight(precision, columns, panel, from, depth, local.heap, local.memory);
    return local.memory;
  }

  @Override
  public long ready(Scratch.Local local, long right, int depth) {
    int count = depth * MicroKernel.WIDTH;
    return switch (stored) {
      case F32 -> right;
      case F16 -> {
        Float16.widen(right, count, local.heap, local.memory);
        yield local.memory;
      }
      case BF16 -> {
        Bfloat16.widen(right, count, local.memory);
        yield local.memory;
      }
      case I8 -> {
        Int8Panel.widen(right, depth, local.memory);
        // The number is what has few bits in bytes; the scale gives it as many as any.
        Bfloat16.round(precision, local.memory, count);
        yield local.memory;
      }
    };
  }

  /** The factor goes to the operand, which here need not be a bfloat16 number. */
  @Override
  public float scaled(Scratch.Local local, Matrix columns, int panel, float factor, long to) {
    int depth = columns.cols();
    pack(columns, panel, 0, depth, local.heap);
    int count = depth * MicroKernel.WIDTH;
    if (SCALE.isPresent()) {
      Lanes.set(local.rows, 0, factor);
      local.addresses[0] = to;
      local.addresses[1] = local.rows;
      SCALE.get().run(local.addresses, local.heap, count / Lanes.COUNT);
      return 1;
    }
    for (int i = 0; i < count; i += Lanes.COUNT) {
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
    long index = (long) term * MicroKernel.WIDTH + column;
    return switch (stored) {
      case F32 -> Lanes.MEMORY.get(Panel.FLOAT, right + index * Float.BYTES);
      case F16 -> Float16.at(right + index * Short.BYTES);
      case BF16 -> Bfloat16.at(right + index * Short.BYTES);
      case I8 -> Int8Panel.at(right, term, column);
    };
  }
}
