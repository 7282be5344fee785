package org.jdit.tensor.cpu.kernel;

import jdk.incubator.vector.FloatVector;

/**
 * Sums over contiguous floats, in an order that depends on their number alone: lanes within a
 * chunk, then chunks in double, so that the error does not grow with the length.
 */
final class Sums {
  private Sums() {}

  /** {@code x[0] + … + x[n - 1]}, of an address. */
  static double sum(long x, int n) {
    double total = 0;
    for (int from = 0; from < n; from += Registers.CHUNK) {
      total += sumChunk(x + (long) from * Float.BYTES, Math.min(n - from, Registers.CHUNK));
    }
    return total;
  }

  private static double sumChunk(long x, int n) {
    FloatVector s = FloatVector.zero(Lanes.F32);
    int i = 0;
    for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
      s = s.add(Lanes.load(x + (long) i * Float.BYTES));
    }
    double total = Lanes.sum(s);
    for (; i < n; i++) {
      total += Lanes.get(x, i);
    }
    return total;
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
    FloatVector s = FloatVector.zero(Lanes.F32);
    int i = 0;
    for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
      FloatVector d = Lanes.load(x + (long) i * Float.BYTES).sub(mean);
      s = d.fma(d, s);
    }
    double total = Lanes.sum(s);
    for (; i < n; i++) {
      float d = Lanes.get(x, i) - mean;
      total += d * d;
    }
    return total;
  }

  /** The largest of {@code x[0] … x[n - 1]}; NaN if one is NaN. */
  static float max(long x, int n) {
    FloatVector m = FloatVector.broadcast(Lanes.F32, Float.NEGATIVE_INFINITY);
    int i = 0;
    for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
      m = m.max(Lanes.load(x + (long) i * Float.BYTES));
    }
    float max = Lanes.max(m);
    for (; i < n; i++) {
      max = Math.max(max, Lanes.get(x, i));
    }
    return max;
  }
}
