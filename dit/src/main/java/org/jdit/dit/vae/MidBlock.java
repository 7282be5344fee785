package org.jdit.dit.vae;

import org.jdit.nn.GroupNorm;
import org.jdit.nn.Linear;
import org.jdit.nn.Taps;
import org.jdit.nn.Weights;
import org.jdit.tensor.Tensor;

/** The blocks at the lowest resolution: residual, attention over all positions, residual. */
final class MidBlock {
  private MidBlock() {}

  /** {@code [N, C, H, W] → [N, C, H, W]}; taps {@code resnets.0} and {@code attentions.0}. */
  static Tensor apply(Weights weights, VaeConfig c, Tensor x, Taps taps) {
    int channels = x.dim(1);
    Tensor h = ResnetBlock.call(weights.at("resnets").at(0), c, x, channels);
    taps.tap("resnets.0", () -> h);
    Tensor a = SpatialAttention.of(weights.at("attentions").at(0), c, channels).apply(h);
    taps.tap("attentions.0", () -> a);
    return ResnetBlock.call(weights.at("resnets").at(1), c, a, channels);
  }

  /** Self-attention with one head over the H·W positions. */
  private record SpatialAttention(
      GroupNorm norm, Linear toQ, Linear toK, Linear toV, Linear toOut) {
    static SpatialAttention of(Weights weights, VaeConfig c, int channels) {
      return new SpatialAttention(
          ResnetBlock.norm(weights.at("group_norm"), c, channels),
          Linear.of(weights.at("to_q"), channels, channels),
          Linear.of(weights.at("to_k"), channels, channels),
          Linear.of(weights.at("to_v"), channels, channels),
          Linear.of(weights.at("to_out").at(0), channels, channels));
    }

    Tensor apply(Tensor x) {
      int n = x.dim(0);
      int channels = x.dim(1);
      Tensor rows = norm.apply(x).reshape(n, channels, -1).t();
      Tensor mixed =
          head(toQ, rows).attention(head(toK, rows), head(toV, rows), 1 / Math.sqrt(channels));
      Tensor out = toOut.apply(mixed.reshape(rows.shape()));
      return x.add(out.t().reshape(x.shape()));
    }

    private static Tensor head(Linear map, Tensor rows) {
      return map.apply(rows).unsqueeze(1);
    }
  }
}
