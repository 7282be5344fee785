package org.jdit.dit.vae;

import java.util.List;
import org.jdit.nn.Taps;
import org.jdit.nn.Weights;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;

/** Latents to images. */
record Decoder(VaeConfig config, Weights weights) {
  /** {@code [N, latent channels, H/8, W/8] → [N, 3, H, W]}. */
  Tensor apply(Tensor latents, Taps taps) {
    List<Integer> channels = config.blockOutChannels().reversed();
    int top = channels.getFirst();
    Tensor first =
        ResnetBlock.conv3x3(weights.at("conv_in"), config.latentChannels(), top).apply(latents);
    taps.tap("conv_in", () -> first);
    Tensor mid = MidBlock.apply(weights.at("mid_block"), config, first, taps.at("mid_block"));
    taps.tap("mid_block", () -> mid);
    Tensor h = mid;
    for (int i = 0; i < channels.size(); i++) {
      Tensor up = upBlock(h, i, channels);
      taps.tap("up_blocks." + i, () -> up);
      h = up;
    }
    Tensor last = h;
    var norm = ResnetBlock.norm(weights.at("conv_norm_out"), config, channels.getLast());
    taps.tap("conv_norm_out", () -> norm.apply(last));
    return ResnetBlock.conv3x3(weights.at("conv_out"), channels.getLast(), config.inChannels())
        .apply(norm.applySilu(last));
  }

  private Tensor upBlock(Tensor x, int i, List<Integer> channels) {
    Weights block = weights.at("up_blocks").at(i);
    Tensor h = x;
    for (int j = 0; j <= config.layersPerBlock(); j++) {
      h = ResnetBlock.call(block.at("resnets").at(j), config, h, channels.get(i));
    }
    return i + 1 < channels.size() ? upsample(h, block.at("upsamplers").at(0).at("conv")) : h;
  }

  /** Each pixel becomes four, then a convolution. */
  private static Tensor upsample(Tensor x, Weights weights) {
    Shape s = x.shape();
    int n = s.dim(0);
    int c = s.dim(1);
    int h = s.dim(2);
    int w = s.dim(3);
    Tensor nearest =
        x.reshape(n, c, h, 1, w, 1).expand(Shape.of(n, c, h, 2, w, 2)).reshape(n, c, 2 * h, 2 * w);
    return ResnetBlock.conv3x3(weights, c, c).apply(nearest);
  }
}
