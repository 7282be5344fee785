package org.jdit.nn;

import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Linear.Activation;

/**
 * Two layers with GELU (tanh form) between them (timm's Mlp).
 *
 * @param fc1 {@code D → hidden}
 * @param fc2 {@code hidden → D}
 */
public record Mlp(Linear fc1, Linear fc2) {
  /** The layers with the scope's {@code fc1} and {@code fc2}. */
  public static Mlp of(Weights weights, int dim, int hidden) {
    return new Mlp(
        Linear.of(weights.at("fc1"), dim, hidden), Linear.of(weights.at("fc2"), hidden, dim));
  }

  /** {@code [..., D] → [..., D]}; taps {@code fc1} and {@code act}. */
  public Tensor apply(Tensor x, Taps taps) {
    taps.tap("fc1", () -> fc1.apply(x));
    Tensor act = fc1.apply(x, Activation.GELU);
    taps.tap("act", () -> act);
    return fc2.apply(act);
  }
}
