package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.BYTES;
import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.F32;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import org.jdit.tensor.spi.Precision;

/**
 * Floats rounded to the nearest bfloat16, ties to even, as torch rounds them, or to the sum of two
 * of them; NaN stays NaN.
 */
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

  /**
   * Each lane rounded to the sum of two bfloat16, which is a float32 number: the second one has the
   * first eight of the bits that the first one leaves. Nothing is left of what overflows.
   */
  static FloatVector roundTwice(FloatVector x) {
    FloatVector high = round(x);
    FloatVector both = high.add(round(x.sub(high)));
    return both.blend(high, high.test(VectorOperators.IS_FINITE).not());
  }

  /** Rounds {@code count} elements from {@code from} on as a precision says. */
  static void round(Precision precision, float[] x, int from, int count) {
    int whole = from + F32.loopBound(count);
    switch (precision) {
      case FP32 -> {}
      case BF16 -> {
        for (int i = from; i < whole; i += COUNT) {
          round(FloatVector.fromArray(F32, x, i)).intoArray(x, i);
        }
        for (int i = whole; i < from + count; i++) {
          x[i] = round(x[i]);
        }
      }
      case BF16X3 -> {
        for (int i = from; i < whole; i += COUNT) {
          roundTwice(FloatVector.fromArray(F32, x, i)).intoArray(x, i);
        }
        for (int i = whole; i < from + count; i++) {
          float high = round(x[i]);
          x[i] = Float.isFinite(high) ? high + round(x[i] - high) : high;
        }
      }
    }
  }

  /** Rounds {@code count} elements at an address, a multiple of the lanes, as a precision says. */
  static void round(Precision precision, long address, int count) {
    long end = address + (long) count / COUNT * BYTES;
    switch (precision) {
      case FP32 -> {}
      case BF16 -> {
        for (long at = address; at < end; at += BYTES) {
          Lanes.store(round(Lanes.load(at)), at);
        }
      }
      case BF16X3 -> {
        for (long at = address; at < end; at += BYTES) {
          Lanes.store(roundTwice(Lanes.load(at)), at);
        }
      }
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
