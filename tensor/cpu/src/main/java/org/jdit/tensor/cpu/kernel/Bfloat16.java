package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.BYTES;
import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.F32;

import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.jdit.tensor.spi.Precision;

/**
 * Floats rounded to the nearest bfloat16, ties to even, as torch rounds them, or to the sum of two
 * of them; NaN stays NaN.
 */
final class Bfloat16 {
  private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, F32.vectorShape());
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(F32.vectorBitSize() / 2));
  private static final ValueLayout.OfShort BITS =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(Lanes.LITTLE);

  private static final int DROPPED = 16;
  private static final int BELOW_HALF = 0x7fff;
  private static final int KEPT = 0xffff0000;
  private static final int QUIET = 0x00400000;

  private Bfloat16() {}

  /** Each lane rounded. */
  static FloatVector round(FloatVector x) {
    IntVector bits = x.reinterpretAsInts();
    IntVector even = bits.lanewise(VectorOperators.LSHR, DROPPED).and(1);
    IntVector rounded = bits.add(even).add(BELOW_HALF);
    // A NaN that says so in its lower half only must not become infinite.
    VectorMask<Integer> nan = x.test(VectorOperators.IS_NAN).cast(bits.species());
    return rounded.blend(bits.or(QUIET), nan).and(KEPT).reinterpretAsFloats();
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

  /** Stores {@code count} elements that are rounded, a multiple of the lanes, in two bytes each. */
  static void narrow(float[] from, int count, long to) {
    for (int i = 0; i < count; i += COUNT) {
      FloatVector.fromArray(F32, from, i)
          .reinterpretAsInts()
          .lanewise(VectorOperators.LSHR, DROPPED)
          .convertShape(VectorOperators.I2S, SHORTS, 0)
          .reinterpretAsShorts()
          .intoMemorySegment(Lanes.MEMORY, to + (long) i * Short.BYTES, Lanes.LITTLE);
    }
  }

  /** Fills {@code count} floats, a multiple of the lanes, from two bytes each. */
  static void widen(long from, int count, long to) {
    for (int i = 0; i < count; i += COUNT) {
      FloatVector x =
          ShortVector.fromMemorySegment(
                  SHORTS, Lanes.MEMORY, from + (long) i * Short.BYTES, Lanes.LITTLE)
              .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0)
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, DROPPED)
              .reinterpretAsFloats();
      Lanes.store(x, to + (long) i * Float.BYTES);
    }
  }

  /** The element of two bytes at an address. */
  static float at(long address) {
    return Float.intBitsToFloat(Lanes.MEMORY.get(BITS, address) << DROPPED);
  }

  private static float round(float x) {
    int bits = Float.floatToRawIntBits(x);
    if (Float.isNaN(x)) {
      return Float.intBitsToFloat((bits | QUIET) & KEPT);
    }
    return Float.intBitsToFloat((bits + (bits >>> DROPPED & 1) + BELOW_HALF) & KEPT);
  }
}
