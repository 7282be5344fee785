package org.jdit.dit.model;

import java.util.List;
import org.jdit.nn.LayerNorm;
import org.jdit.nn.Linear;
import org.jdit.nn.Weights;
import org.jdit.tensor.Tensor;

/** Decodes each token into a patch of noise and variance (paper, section 3.2). */
record FinalLayer(LayerNorm normFinal, Linear linear, Linear adaLnModulation) {
  private static final double EPS = 1e-6;

  static FinalLayer of(Weights weights, DiTConfig c) {
    int d = c.hiddenSize();
    return new FinalLayer(
        new LayerNorm(EPS),
        Linear.of(weights.at("linear"), d, c.patchSize() * c.patchSize() * c.outChannels()),
        Linear.of(weights.at("adaLN_modulation").at(1), d, 2 * d));
  }

  /**
   * {@code [N, T, D] → [N, T, p·p·C]}.
   *
   * @param c SiLU of the condition, {@code [N, D]}
   */
  Tensor apply(Tensor x, Tensor c) {
    List<Tensor> m = adaLnModulation.apply(c).chunk(2, -1);
    return linear.apply(normFinal.modulated(x, m.get(0), m.get(1)));
  }
}
