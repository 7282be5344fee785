package org.jdit.nn;

import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Linear.Activation;

/**
 * An affine map of the last axis (torch.nn.Linear).
 *
 * @param weight {@code [out, in]}
 * @param bias {@code [out]}
 */
public record Linear(Tensor weight, Tensor bias) {
  /** The layer with the weight and bias of a scope. */
  public static Linear of(Weights weights, int in, int out) {
    return new Linear(weights.get("weight", out, in), weights.get("bias", out));
  }

  /** {@code [..., in] → [..., out]}. */
  public Tensor apply(Tensor x) {
    return x.linear(weight, bias);
  }

  /** {@code [..., in] → [..., out]}, followed by an activation. */
  public Tensor apply(Tensor x, Activation activation) {
    return x.linear(weight, bias, activation);
  }
}
