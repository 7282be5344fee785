package org.jdit.dit.vae;

import org.jdit.nn.Conv2d;
import org.jdit.nn.StateDict;
import org.jdit.nn.Taps;
import org.jdit.nn.Weights;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.program.Program;

/**
 * The variational autoencoder of Stable Diffusion. Images have values in -1..1; latents are as the
 * network has them, without {@link VaeConfig#scalingFactor}.
 *
 * @param config its sizes
 * @param weights scope of its weights, named as in diffusers (attention: to_q, to_k, to_v, to_out)
 */
public record AutoencoderKl(VaeConfig config, Weights weights) {
  /** The names and shapes of an autoencoder's weights. */
  public static StateDict stateDict(VaeConfig config) {
    int side = config.downsampling();
    return StateDict.of(
        Program.trace(
            t -> {
              AutoencoderKl vae = new AutoencoderKl(config, Weights.params(t));
              vae.encode(t.input("image", Spec.f32(1, config.inChannels(), side, side)));
              vae.decode(t.input("latents", Spec.f32(1, config.latentChannels(), 1, 1)));
            }));
  }

  /** {@code [N, 3, H, W]}, H and W multiples of 8, to the distribution of their latents. */
  public Posterior encode(Tensor image) {
    return encode(image, Taps.NONE);
  }

  /** As {@link #encode(Tensor)}, with inner values under diffusers' module names. */
  public Posterior encode(Tensor image, Taps taps) {
    int moments = 2 * config.latentChannels();
    Tensor h = new Encoder(config, weights.at("encoder")).apply(image, taps.at("encoder"));
    return Posterior.of(Conv2d.of(weights.at("quant_conv"), moments, moments, 1, 1, 0).apply(h));
  }

  /** {@code [N, 4, H/8, W/8]} to images {@code [N, 3, H, W]}. */
  public Tensor decode(Tensor latents) {
    return decode(latents, Taps.NONE);
  }

  /** As {@link #decode(Tensor)}, with inner values under diffusers' module names. */
  public Tensor decode(Tensor latents, Taps taps) {
    int channels = config.latentChannels();
    Tensor h = Conv2d.of(weights.at("post_quant_conv"), channels, channels, 1, 1, 0).apply(latents);
    taps.tap("post_quant_conv", () -> h);
    return new Decoder(config, weights.at("decoder")).apply(h, taps.at("decoder"));
  }
}
