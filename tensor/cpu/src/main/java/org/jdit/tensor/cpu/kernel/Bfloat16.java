package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.BYTES;
import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.F32;

import java.lang.foreign.ValueLayout;
import java.util.Objects;
import java.util.Optional;
import java.util.function.ToIntBiFunction;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.jdit.tensor.cpu.machine.LoopWriter;
import org.jdit.tensor.cpu.machine.LoopWriter.Comparison;
import org.jdit.tensor.cpu.machine.LoopWriter.Format;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;
import org.jdit.tensor.cpu.machine.VectorLoop;
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

  // In machine code: elements of the array, from the first entry's bytes on, rounded in place.
  private static final Optional<VectorLoop> ROUND_ARRAY = inArray(Bfloat16::round);
  private static final Optional<VectorLoop> ROUND_ARRAY_TWICE = inArray(Bfloat16::roundTwice);

  // In machine code: elements at the address, rounded in place.
  private static final Optional<VectorLoop> ROUND = inPlace(Bfloat16::round);
  private static final Optional<VectorLoop> ROUND_TWICE = inPlace(Bfloat16::roundTwice);

  /** In machine code, from the array to the address. */
  private static final Optional<VectorLoop> NARROW =
      Loops.pairs(
          (x, i) -> {
            int high = x.shiftRight(x.vector(new Place(LoopWriter.ARRAY, i, 2)), DROPPED);
            x.store(high, Format.SHORT, new Place(0, i, 1));
          });

  /** In machine code, from the first address to the second. */
  private static final Optional<VectorLoop> WIDEN =
      Loops.pairs(
          (x, i) -> {
            int low = x.vector(Format.SHORT, new Place(0, i, 1));
            x.store(x.shiftLeft(low, DROPPED), new Place(1, i, 2));
          });

  private Bfloat16() {}

  private static Optional<VectorLoop> inArray(ToIntBiFunction<LoopWriter, Integer> rounded) {
    LoopWriter x = new LoopWriter();
    Place at = new Place(x.strided(0, true), 0, 0);
    x.store(rounded.applyAsInt(x, x.vector(at)), at);
    return Loops.load(x);
  }

  private static Optional<VectorLoop> inPlace(ToIntBiFunction<LoopWriter, Integer> rounded) {
    LoopWriter x = new LoopWriter();
    Place at = new Place(0, 0, 1);
    x.store(rounded.applyAsInt(x, x.vector(at)), at);
    return Loops.load(x);
  }

  /** {@link #round(FloatVector)}. */
  private static int round(LoopWriter x, int a) {
    int even = x.and(x.shiftRight(a, DROPPED), x.bits(1));
    int rounded = x.addInts(x.addInts(a, even), x.bits(BELOW_HALF));
    int nan = x.or(a, x.bits(QUIET));
    return x.and(x.select(Comparison.UNORDERED, a, a, nan, rounded), x.bits(KEPT));
  }

  /** {@link #roundTwice(FloatVector)}. */
  private static int roundTwice(LoopWriter x, int a) {
    int high = round(x, a);
    int both = x.add(high, round(x, x.sub(a, high)));
    int size = x.and(high, x.bits(Integer.MAX_VALUE));
    return x.select(Comparison.LESS, size, x.literal(Float.POSITIVE_INFINITY), both, high);
  }

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
        if (!ran(ROUND_ARRAY, x, from, count)) {
          for (int i = from; i < whole; i += COUNT) {
            round(FloatVector.fromArray(F32, x, i)).intoArray(x, i);
          }
        }
        for (int i = whole; i < from + count; i++) {
          x[i] = round(x[i]);
        }
      }
      case BF16X3 -> {
        if (!ran(ROUND_ARRAY_TWICE, x, from, count)) {
          for (int i = from; i < whole; i += COUNT) {
            roundTwice(FloatVector.fromArray(F32, x, i)).intoArray(x, i);
          }
        }
        for (int i = whole; i < from + count; i++) {
          float high = round(x[i]);
          x[i] = Float.isFinite(high) ? high + round(x[i] - high) : high;
        }
      }
    }
  }

  /** Runs a loop over the whole vectors of a part of an array, if there is one. */
  private static boolean ran(Optional<VectorLoop> loop, float[] x, int from, int count) {
    Objects.checkFromIndexSize(from, count, x.length);
    long[] at = {(long) from * Float.BYTES, BYTES};
    loop.ifPresent(code -> code.run(at, x, count / COUNT));
    return loop.isPresent();
  }

  /** Rounds {@code count} elements at an address, a multiple of the lanes, as a precision says. */
  static void round(Precision precision, long address, int count) {
    long end = address + (long) count / COUNT * BYTES;
    switch (precision) {
      case FP32 -> {}
      case BF16 -> {
        if (!ran(ROUND, address, count)) {
          for (long at = address; at < end; at += BYTES) {
            Lanes.store(round(Lanes.load(at)), at);
          }
        }
      }
      case BF16X3 -> {
        if (!ran(ROUND_TWICE, address, count)) {
          for (long at = address; at < end; at += BYTES) {
            Lanes.store(roundTwice(Lanes.load(at)), at);
          }
        }
      }
    }
  }

  private static boolean ran(Optional<VectorLoop> loop, long address, int count) {
    loop.ifPresent(code -> code.run(new long[] {address}, count / COUNT));
    return loop.isPresent();
  }

  /** Stores {@code count} elements that are rounded, a multiple of the lanes, in two bytes each. */
  static void narrow(float[] from, int count, long to) {
    if (NARROW.isPresent() && count % Loops.PAIR == 0) {
      NARROW.get().run(new long[] {to}, from, count / Loops.PAIR);
      return;
    }
    for (int i = 0; i < count; i += COUNT) {
      FloatVector.fromArray(F32, from, i)
          .reinterpretAsInts()
          .lanewise(VectorOperators.LSHR, DROPPED)
          .convertShape(VectorOperators.I2S, SHORTS, 0)
          .reinterpretAsShorts()
          .intoMemorySegment(Lanes.MEMORY, to + (long) i * Short.BYTES, Lanes.LITTLE);
    }
  }

  /** Fills {@code count} floats from two bytes each. */
  static void widen(long from, int count, long to) {
    int done = 0;
    if (count >= Loops.PAIR && WIDEN.isPresent()) {
      WIDEN.get().run(new long[] {from, to}, count / Loops.PAIR);
      done = count - count % Loops.PAIR;
    }
    for (; done <= count - COUNT; done += COUNT) {
      FloatVector x =
          ShortVector.fromMemorySegment(
                  SHORTS, Lanes.MEMORY, from + (long) done * Short.BYTES, Lanes.LITTLE)
              .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0)
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, DROPPED)
              .reinterpretAsFloats();
      Lanes.store(x, to + (long) done * Float.BYTES);
    }
    for (; done < count; done++) {
      Lanes.set(to, done, at(from + (long) done * Short.BYTES));
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
