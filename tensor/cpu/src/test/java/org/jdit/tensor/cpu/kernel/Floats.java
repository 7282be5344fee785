package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import org.jdit.tensor.spi.Precision;

/** Off-heap float buffers of tests. */
final class Floats {
  private Floats() {}

  /** Numbers between -1 and 1. */
  static MemorySegment random(Arena arena, long count, long seed) {
    MemorySegment m = arena.allocate(Math.max(1, count) * Float.BYTES, 64);
    Random random = new Random(seed);
    for (long i = 0; i < count; i++) {
      m.setAtIndex(ValueLayout.JAVA_FLOAT, i, 2 * random.nextFloat() - 1);
    }
    return m;
  }

  /** A row-major tensor of random numbers. */
  static Operand tensor(Arena arena, long seed, int... shape) {
    Shape s = Shape.of(shape);
    return Operand.contiguous(random(arena, s.numel(), seed), DType.F32, s);
  }

  /** A row-major tensor of one number. */
  static Operand filled(Arena arena, float x, int... shape) {
    Operand t = tensor(arena, 1, shape);
    for (long i = 0; i < t.numel(); i++) {
      t.data().setAtIndex(ValueLayout.JAVA_FLOAT, i, x);
    }
    return t;
  }

  /** A tensor on a buffer. */
  static Operand view(MemorySegment data, Strided layout) {
    return new Operand(data, DType.F32, layout);
  }

  static float get(MemorySegment m, long i) {
    return m.getAtIndex(ValueLayout.JAVA_FLOAT, i);
  }

  static float get(Operand t, int... index) {
    long at = t.layout().offset();
    for (int i = 0; i < index.length; i++) {
      at += index[i] * t.layout().strides().get(i);
    }
    return get(t.data(), at);
  }

  static float get(Matrix m, int i, int j) {
    return get(m.data(), m.offset() + i * m.rowStride() + j * m.colStride());
  }

  /** What a precision makes of an operand's element. */
  static float rounded(Precision precision, float x) {
    float[] one = {x};
    Bfloat16.round(precision, one, 0, 1);
    return one[0];
  }

  static float[] copy(MemorySegment m) {
    return m.toArray(ValueLayout.JAVA_FLOAT);
  }
}
