package org.jdit.dit.model;

import org.jdit.nn.Linear;
import org.jdit.nn.Weights;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Linear.Activation;

/** Embeds the features of a diffusion time into the condition. */
record TimestepEmbedder(Linear mlp0, Linear mlp2) {
  static TimestepEmbedder of(Weights weights, DiTConfig c) {
    Weights mlp = weights.at("mlp");
    return new TimestepEmbedder(
        Linear.of(mlp.at(0), TimestepFeatures.DIM, c.hiddenSize()),
        Linear.of(mlp.at(2), c.hiddenSize(), c.hiddenSize()));
  }

  /** {@code [N, 256] → [N, D]}. */
  Tensor apply(Tensor features) {
    return mlp2.apply(mlp0.apply(features, Activation.SILU));
  }
}
