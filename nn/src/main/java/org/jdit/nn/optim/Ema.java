package org.jdit.nn.optim;

import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * Exponential moving average of parameters.
 *
 * @param decay how much of the average stays at each step, 0 to 1
 * @param warmUp whether the first steps use less, {@code min(decay, (1 + n) / (10 + n))}, so that a
 *     short training is not dominated by the initial parameters
 */
public record Ema(double decay, boolean warmUp) {
  /** Checks the range. */
  public Ema {
    if (!(decay >= 0 && decay < 1)) {
      throw new IllegalArgumentException("a decay lies in [0, 1), not " + decay);
    }
  }

  /** The spec of {@link #factors}. */
  public static Spec factorsSpec() {
    return Spec.f32(2);
  }

  /** How much of the average stays at a step, counted from 1. */
  public double decayAt(long step) {
    return warmUp ? Math.min(decay, (1.0 + step) / (10.0 + step)) : decay;
  }

  /** What stays of the average at a step, and what comes in. */
  public float[] factors(long step) {
    double kept = decayAt(step);
    return new float[] {(float) kept, (float) (1 - kept)};
  }

  /**
   * The next average.
   *
   * @param factors {@code [2]}, see {@link #factors}
   */
  public static Tensor step(Tensor average, Tensor parameters, Tensor factors) {
    return average.mul(factors.slice(0, 0, 1)).add(parameters.mul(factors.slice(0, 1, 1)));
  }
}
