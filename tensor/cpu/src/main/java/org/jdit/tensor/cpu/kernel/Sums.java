package org.jdit.tensor.cpu.kernel;

import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.cpu.machine.LoopWriter;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;
import org.jdit.tensor.cpu.machine.VectorLoop;

/**
 * Sums over contiguous floats, in an order that depends on their number alone: lanes within a
 * chunk, then chunks in double, so that the error does not grow with the length.
 */
final class Sums {
  /** In machine code: what each lane comes to of the vectors at the address, to the array. */
  private static final Optional<VectorLoop> SUM = loop(0, (x, at, sum) -> x.add(sum, at));

  private static final Optional<VectorLoop> MAX =
      loop(Float.NEGATIVE_INFINITY, (x, at, most) -> x.max(most, at));

  /** As above, of the squares of what they are above the first number of the array. */
  private static final Optional<VectorLoop> SUM_SQUARES =
      loop(
          0,
          (x, at, sum) -> {
            int d = x.sub(at, x.constant(LoopWriter.ARRAY, 0));
            return x.fma(d, d, sum);
          });

  private Sums() {}

  /** What a sum becomes with a vector. */
  @FunctionalInterface
  private interface Next {
    int of(LoopWriter x, int vector, int sum);
  }

  private static Optional<VectorLoop> loop(float start, Next next) {
    LoopWriter x = new LoopWriter();
    int sum = x.sum(start);
    int value = next.of(x, x.vector(new Place(0, 0, 1)), sum);
    x.collect(sum, value, new Place(LoopWriter.ARRAY, 0, 1));
    return Loops.load(x);
  }

  /** What the lanes of the whole vectors of {@code n} floats come to, in an array. */
  private static float[] lanes(VectorLoop loop, long x, float first, int n) {
    float[] lanes = new float[Lanes.COUNT];
    lanes[0] = first;
    loop.run(new long[] {x}, lanes, n / Lanes.COUNT);
    return lanes;
  }

  /** {@code x[0] + … + x[n - 1]}, of an address. */
  static double sum(long x, int n) {
    double total = 0;
    for (int from = 0; from < n; from += Registers.CHUNK) {
      total += sumChunk(x + (long) from * Float.BYTES, Math.min(n - from, Registers.CHUNK));
    }
    return total;
  }

  private static double sumChunk(long x, int n) {
    int whole = n - n % Lanes.COUNT;
    double total = whole == 0 ? 0 : sumVectors(x, whole);
    for (int i = whole; i < n; i++) {
      total += Lanes.get(x, i);
    }
    return total;
  }

  private static float sumVectors(long x, int n) {
    if (SUM.isPresent()) {
      return Lanes.sum(lanes(SUM.get(), x, 0, n));
    }
    FloatVector s = FloatVector.zero(Lanes.F32);
    for (int i = 0; i < n; i += Lanes.COUNT) {
      s = s.add(Lanes.load(x + (long) i * Float.BYTES));
    }
    return Lanes.sum(s);
  }

  /** {@code (x[0] - mean)² + … + (x[n - 1] - mean)²}. */
  static double sumSquares(long x, float mean, int n) {
    double total = 0;
    for (int from = 0; from < n; from += Registers.CHUNK) {
      total +=
          sumSquaresChunk(x + (long) from * Float.BYTES, mean, Math.min(n - from, Registers.CHUNK));
    }
    return total;
  }

  private static double sumSquaresChunk(long x, float mean, int n) {
    int whole = n - n % Lanes.COUNT;
    double total = whole == 0 ? 0 : sumSquaresVectors(x, mean, whole);
    for (int i = whole; i < n; i++) {
      float d = Lanes.get(x, i) - mean;
      total += d * d;
    }
    return total;
  }

  private static float sumSquaresVectors(long x, float mean, int n) {
    if (SUM_SQUARES.isPresent()) {
      return Lanes.sum(lanes(SUM_SQUARES.get(), x, mean, n));
    }
    FloatVector s = FloatVector.zero(Lanes.F32);
    for (int i = 0; i < n; i += Lanes.COUNT) {
      FloatVector d = Lanes.load(x + (long) i * Float.BYTES).sub(mean);
      s = d.fma(d, s);
    }
    return Lanes.sum(s);
  }

  /** The largest of {@code x[0] … x[n - 1]}; NaN if one is NaN. */
  static float max(long x, int n) {
    float max = Float.NEGATIVE_INFINITY;
    for (int from = 0; from < n; from += Registers.CHUNK) {
      float chunk = maxChunk(x + (long) from * Float.BYTES, Math.min(n - from, Registers.CHUNK));
      max = Math.max(max, chunk);
    }
    return max;
  }

  private static float maxChunk(long x, int n) {
    int whole = n - n % Lanes.COUNT;
    float max = whole == 0 ? Float.NEGATIVE_INFINITY : maxVectors(x, whole);
    for (int i = whole; i < n; i++) {
      max = Math.max(max, Lanes.get(x, i));
    }
    return max;
  }

  private static float maxVectors(long x, int n) {
    if (MAX.isPresent()) {
      float max = Float.NEGATIVE_INFINITY;
      for (float lane : lanes(MAX.get(), x, 0, n)) {
        max = Math.max(max, lane);
      }
      return max;
    }
    FloatVector m = FloatVector.broadcast(Lanes.F32, Float.NEGATIVE_INFINITY);
    for (int i = 0; i < n; i += Lanes.COUNT) {
      m = m.max(Lanes.load(x + (long) i * Float.BYTES));
    }
    return Lanes.max(m);
  }
}
