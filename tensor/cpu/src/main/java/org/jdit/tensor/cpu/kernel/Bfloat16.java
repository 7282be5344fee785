package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.BYTES;
import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.F32;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Floats rounded to the nearest bfloat16, ties to even, as torch rounds them; NaN stays NaN. */
final class Bfloat16 {
  private static final int DROPPED = 16;
  private static final int BELOW_HALF = 0x7fff;
  private static final int KEPT = 0xffff0000;

  private Bfloat16() {}

  /** Each lane rounded. */
  static FloatVector round(FloatVector x) {
    IntVector bits = x.reinterpretAsInts();
    IntVector even = bits.lanewise(VectorOperators.LSHR, DROPPED).and(1);
    FloatVector rounded = bits.add(even).add(BELOW_HALF).and(KEPT).reinterpretAsFloats();
    return rounded.blend(x, x.test(VectorOperators.IS_NAN));
  }

  /** Rounds {@code count} elements from {@code from} on. */
  static void round(float[] x, int from, int count) {
    int whole = from + F32.loopBound(count);
    for (int i = from; i < whole; i += COUNT) {
      round(FloatVector.fromArray(F32, x, i)).intoArray(x, i);
    }
    for (int i = whole; i < from + count; i++) {
      x[i] = round(x[i]);
    }
  }

  /** Rounds {@code count} elements at an address, a multiple of the lanes. */
  static void round(long address, int count) {
    for (int i = 0; i < count; i += COUNT) {
      long at = address + (long) i / COUNT * BYTES;
      Lanes.store(round(Lanes.load(at)), at);
    }
  }

  private static float round(float x) {
    if (Float.isNaN(x)) {
      return x;
    }
    int bits = Float.floatToRawIntBits(x);
    return Float.intBitsToFloat((bits + (bits >>> DROPPED & 1) + BELOW_HALF) & KEPT);
  }
}
