package org.jdit.nn.optim;

import org.jdit.tensor.Tensor;

/**
 * Limits the norm of all gradients together (torch.nn.utils.clip_grad_norm_).
 *
 * @param maxNorm the largest norm that is let through
 */
public record GradientClipping(double maxNorm) {
  private static final double EPS = 1e-6;

  /** Checks the range. */
  public GradientClipping {
    if (!(maxNorm > 0)) {
      throw new IllegalArgumentException("the largest norm must be positive, not " + maxNorm);
    }
  }

  /** The Euclidean norm of all elements, a scalar. */
  public static Tensor norm(Tensor gradient) {
    return gradient.square().sum().sqrt();
  }

  /** The gradient, scaled down if its norm is above the limit. */
  public Tensor apply(Tensor gradient, Tensor norm) {
    Tensor scale = norm.add(EPS).reciprocal().mul(maxNorm).clamp(Double.NEGATIVE_INFINITY, 1);
    return gradient.mul(scale);
  }
}
