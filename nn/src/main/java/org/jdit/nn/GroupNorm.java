package org.jdit.nn;

import org.jdit.tensor.Tensor;

/**
 * Normalisation over groups of channels (torch.nn.GroupNorm).
 *
 * @param weight {@code [C]}
 * @param bias {@code [C]}
 * @param groups number of groups, a divisor of C
 * @param eps added to the variance
 */
public record GroupNorm(Tensor weight, Tensor bias, int groups, double eps) {
  /** The layer with the weight and bias of a scope. */
  public static GroupNorm of(Weights weights, int channels, int groups, double eps) {
    return new GroupNorm(
        weights.get("weight", channels), weights.get("bias", channels), groups, eps);
  }

  /** Normalises {@code [N, C, H, W]}. */
  public Tensor apply(Tensor x) {
    return x.groupNorm(groups, eps, weight, bias);
  }

  /** Normalises {@code [N, C, H, W]}, then applies SiLU. */
  public Tensor applySilu(Tensor x) {
    return Tensor.apply(new org.jdit.tensor.op.GroupNorm(groups, eps, true), x, weight, bias);
  }
}
