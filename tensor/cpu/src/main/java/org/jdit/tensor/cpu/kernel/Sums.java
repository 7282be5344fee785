package org.jdit.tensor.cpu.kernel;

import jdk.incubator.vector.FloatVector;

/**
 * Sums over contiguous floats, in an order that depends on their number alone: lanes within a
 * chunk, then chunks in double, so that the error does not grow with the length.
 */
final class Sums {
  private Sums() {}

  /** {@code x[0] + … + x[n - 1]}. */
  static double sum(float[] x, int n) {
    double total = 0;
    for (int from = 0; from < n; from += Registers.CHUNK) {
      total += sumChunk(x, from, Math.min(n, from + Registers.CHUNK));
    }
    return total;
  }

  private static double sumChunk(float[] x, int from, int to) {
    FloatVector s = FloatVector.zero(Lanes.F32);
    int i = from;
    for (; i <= to - Lanes.COUNT; i += Lanes.COUNT) {
      s = s.add(FloatVector.fromArray(Lanes.F32, x, i));
    }
    double total = Lanes.sum(s);
    for (; i < to; i++) {
      total += x[i];
    }
    return total;
  }

  /** {@code (x[0] - mean)² + … + (x[n - 1] - mean)²}. */
  static double sumSquares(float[] x, float mean, int n) {
    double total = 0;
    for (int from = 0; from < n; from += Registers.CHUNK) {
      total += sumSquaresChunk(x, mean, from, Math.min(n, from + Registers.CHUNK));
    }
    return total;
  }

  private static double sumSquaresChunk(float[] x, float mean, int from, int to) {
    FloatVector s = FloatVector.zero(Lanes.F32);
    int i = from;
    for (; i <= to - Lanes.COUNT; i += Lanes.COUNT) {
      FloatVector d = FloatVector.fromArray(Lanes.F32, x, i).sub(mean);
      s = d.fma(d, s);
    }
    double total = Lanes.sum(s);
    for (; i < to; i++) {
      float d = x[i] - mean;
      total += d * d;
    }
    return total;
  }

  /** The largest of {@code x[0] … x[n - 1]}; NaN if one is NaN. */
  static float max(float[] x, int n) {
    FloatVector m = FloatVector.broadcast(Lanes.F32, Float.NEGATIVE_INFINITY);
    int i = 0;
    for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
      m = m.max(FloatVector.fromArray(Lanes.F32, x, i));
    }
    float max = Lanes.max(m);
    for (; i < n; i++) {
      max = Math.max(max, x[i]);
    }
    return max;
  }
}
