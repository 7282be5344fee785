package org.jdit.dit.vae;

import java.util.Map;
import java.util.Optional;
import org.jdit.nn.Conv2d;
import org.jdit.nn.GroupNorm;
import org.jdit.nn.Weights;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.program.Program;

/**
 * Two normalised convolutions beside a shortcut, which is a 1x1 convolution where the number of
 * channels changes.
 */
record ResnetBlock(
    GroupNorm norm1, Conv2d conv1, GroupNorm norm2, Conv2d conv2, Optional<Conv2d> shortcut) {
  /**
   * Calls the block with weights of this scope, as a Program: blocks of one size that follow each
   * other can then be compiled once.
   *
   * @param x {@code [N, in, H, W]}
   * @return {@code [N, out, H, W]}
   */
  static Tensor call(Weights weights, VaeConfig c, Tensor x, int out) {
    Program block =
        Program.trace(
            t -> {
              Tensor in = t.input("x", x.spec());
              t.output("x", of(Weights.params(t), c, in.dim(1), out).apply(in));
            });
    return weights.call(block, Map.of("x", x)).get("x");
  }

  private static ResnetBlock of(Weights weights, VaeConfig c, int in, int out) {
    return new ResnetBlock(
        norm(weights.at("norm1"), c, in),
        conv3x3(weights.at("conv1"), in, out),
        norm(weights.at("norm2"), c, out),
        conv3x3(weights.at("conv2"), out, out),
        in == out
            ? Optional.empty()
            : Optional.of(Conv2d.of(weights.at("conv_shortcut"), in, out, 1, 1, 0)));
  }

  static GroupNorm norm(Weights weights, VaeConfig c, int channels) {
    return GroupNorm.of(weights, channels, c.normNumGroups(), 1e-6);
  }

  static Conv2d conv3x3(Weights weights, int in, int out) {
    return Conv2d.of(weights, in, out, 3, 1, 1);
  }

  private Tensor apply(Tensor x) {
    Tensor h = conv1.apply(norm1.applySilu(x));
    h = conv2.apply(norm2.applySilu(h));
    return shortcut.map(s -> s.apply(x)).orElse(x).add(h);
  }
}
