package org.jdit.nn;

import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.LayerNormModulate;

/**
 * Layer normalisation without weights of its own (torch.nn.LayerNorm, elementwise_affine=False).
 *
 * @param eps added to the variance
 */
public record LayerNorm(double eps) {
  /** Normalises the last axis. */
  public Tensor apply(Tensor x) {
    return x.layerNorm(eps);
  }

  /**
   * Normalises {@code x [N, T, D]}, then scales and shifts it by what the condition says (adaLN,
   * DiT paper section 3.2): {@code norm(x) · (1 + scale) + shift}.
   *
   * @param shift {@code [N, D]}
   * @param scale {@code [N, D]}
   */
  public Tensor modulated(Tensor x, Tensor shift, Tensor scale) {
    return Tensor.apply(new LayerNormModulate(eps), x, shift, scale);
  }
}
