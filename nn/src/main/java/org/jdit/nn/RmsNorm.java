package org.jdit.nn;

import org.jdit.tensor.Tensor;

/**
 * Normalisation by the root of the mean square (torch.nn.RMSNorm).
 *
 * @param weight {@code [D]}
 * @param eps added to the mean of the squares; torch's default for float32 is {@code 2^-23}
 */
public record RmsNorm(Tensor weight, double eps) {
  /** The layer with the weight of a scope. */
  public static RmsNorm of(Weights weights, int width, double eps) {
    return new RmsNorm(weights.get("weight", width), eps);
  }

  /** Normalises the last axis of {@code [..., D]}. */
  public Tensor apply(Tensor x) {
    return x.rmsNorm(eps, weight);
  }
}
