package org.jdit.dit.model;

import java.util.List;
import org.jdit.nn.Attention;
import org.jdit.nn.LayerNorm;
import org.jdit.nn.Linear;
import org.jdit.nn.Mlp;
import org.jdit.nn.Taps;
import org.jdit.nn.Weights;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.GateResidual;
import org.jdit.tensor.program.Program;

/**
 * A transformer block with adaLN-Zero conditioning (paper, section 3.2 and figure 3): the condition
 * regresses shift, scale and gate of both halves.
 */
record DiTBlock(LayerNorm norm1, Attention attn, LayerNorm norm2, Mlp mlp, Linear adaLnModulation) {
  private static final double NORM1_EPS = 1e-6;

  static DiTBlock of(Weights weights, DiTConfig c) {
    int d = c.hiddenSize();
    return new DiTBlock(
        new LayerNorm(NORM1_EPS),
        Attention.of(weights.at("attn"), d, c.numHeads()),
        new LayerNorm(c.numerics().mlpNormEps()),
        Mlp.of(weights.at("mlp"), d, c.mlpHidden()),
        Linear.of(weights.at("adaLN_modulation").at(1), d, 6 * d));
  }

  /**
   * The block as a Program to be called for each layer: INPUTs {@code x [N, T, D]} and {@code c [N,
   * D]}, PARAMs named relative to the block, output {@code x}.
   *
   * @param tapped whether inner values are outputs too
   */
  static Program program(DiTConfig config, int n, boolean tapped) {
    return Program.trace(
        t -> {
          Tensor x = t.input("x", Spec.f32(n, config.tokens(), config.hiddenSize()));
          Tensor c = t.input("c", Spec.f32(n, config.hiddenSize()));
          Taps taps = tapped ? (name, value) -> t.output(name, value.get()) : Taps.NONE;
          t.output("x", of(Weights.params(t), config).apply(x, c, taps));
        });
  }

  /**
   * {@code [N, T, D] → [N, T, D]}.
   *
   * @param c SiLU of the condition, {@code [N, D]}
   */
  Tensor apply(Tensor x, Tensor c, Taps taps) {
    Tensor modulation = adaLnModulation.apply(c);
    taps.tap("adaLN_modulation", () -> modulation);
    List<Tensor> m = modulation.chunk(6, -1);

    taps.tap("norm1", () -> norm1.apply(x));
    Tensor a = attn.apply(norm1.modulated(x, m.get(0), m.get(1)), taps.at("attn"));
    taps.tap("attn", () -> a);
    Tensor h = gated(x, m.get(2), a);

    taps.tap("norm2", () -> norm2.apply(h));
    Tensor b = mlp.apply(norm2.modulated(h, m.get(3), m.get(4)), taps.at("mlp"));
    taps.tap("mlp", () -> b);
    return gated(h, m.get(5), b);
  }

  private static Tensor gated(Tensor residual, Tensor gate, Tensor x) {
    return Tensor.apply(new GateResidual(), residual, gate, x);
  }
}
