package org.jdit.dit.vae;

import java.util.List;
import org.jdit.nn.Conv2d;
import org.jdit.nn.Taps;
import org.jdit.nn.Weights;
import org.jdit.tensor.Tensor;

/** Images to the moments of their latents. */
record Encoder(VaeConfig config, Weights weights) {
  /** {@code [N, 3, H, W] → [N, 2·latent channels, H/8, W/8]}. */
  Tensor apply(Tensor image, Taps taps) {
    List<Integer> channels = config.blockOutChannels();
    Tensor first =
        ResnetBlock.conv3x3(weights.at("conv_in"), config.inChannels(), channels.getFirst())
            .apply(image);
    taps.tap("conv_in", () -> first);
    Tensor h = first;
    for (int i = 0; i < channels.size(); i++) {
      Tensor down = downBlock(h, i);
      taps.tap("down_blocks." + i, () -> down);
      h = down;
    }
    int last = channels.getLast();
    Tensor mid = MidBlock.apply(weights.at("mid_block"), config, h, taps.at("mid_block"));
    taps.tap("mid_block", () -> mid);
    var norm = ResnetBlock.norm(weights.at("conv_norm_out"), config, last);
    taps.tap("conv_norm_out", () -> norm.apply(mid));
    return ResnetBlock.conv3x3(weights.at("conv_out"), last, 2 * config.latentChannels())
        .apply(norm.applySilu(mid));
  }

  private Tensor downBlock(Tensor x, int i) {
    Weights block = weights.at("down_blocks").at(i);
    int out = config.blockOutChannels().get(i);
    Tensor h = x;
    for (int j = 0; j < config.layersPerBlock(); j++) {
      h = ResnetBlock.call(block.at("resnets").at(j), config, h, out);
    }
    return i + 1 < config.blockOutChannels().size()
        ? downsample(h, block.at("downsamplers").at(0).at("conv"))
        : h;
  }

  /** Zeros are added on the right and at the bottom only. */
  private static Tensor downsample(Tensor x, Weights weights) {
    Conv2d conv = Conv2d.of(weights, x.dim(1), x.dim(1), 3, 2, 0);
    return conv.apply(x.pad(2, 0, 1).pad(3, 0, 1));
  }
}
