package org.jdit.diffusion;

import org.jdit.tensor.Tensor;

/**
 * Classifier-free guidance (Ho &amp; Salimans 2022): {@code uncond + scale · (cond - uncond)}. The
 * official DiT guides the first three channels only; a fourth latent channel and the variance
 * channels stay what the network said for each half.
 *
 * @param channels how many leading channels are guided
 */
public record ClassifierFreeGuidance(int channels) {
  /** What the official DiT guides. */
  public static final ClassifierFreeGuidance OFFICIAL = new ClassifierFreeGuidance(3);

  /**
   * Guides a conditional prediction.
   *
   * @param cond network output with the condition, {@code [n, C', H, W]}
   * @param uncond without it, of the same shape
   * @param scale guidance scale; broadcasts with the outputs
   * @return {@code cond} with its first channels guided
   */
  public Tensor guide(Tensor cond, Tensor uncond, Tensor scale) {
    return withRest(guided(cond, uncond, scale), cond);
  }

  private Tensor guided(Tensor cond, Tensor uncond, Tensor scale) {
    Tensor yes = cond.slice(1, 0, channels);
    Tensor no = uncond.slice(1, 0, channels);
    return no.add(scale.mul(yes.sub(no)));
  }

  private Tensor withRest(Tensor guided, Tensor output) {
    int rest = output.dim(1) - channels;
    return rest == 0 ? guided : Tensor.concat(1, guided, output.slice(1, channels, rest));
  }

  /**
   * A denoiser of n images by one of 2n that is conditioned in its first half of rows and not in
   * its second.
   *
   * @param both takes {@code [2n, C, H, W]}; the timestep is passed on to it as it comes
   */
  public Denoiser over(Denoiser both, Tensor scale) {
    return (x, timestep) -> {
      Tensor out = both.predict(Tensor.concat(0, x, x), timestep);
      int n = x.dim(0);
      return guide(out.slice(0, 0, n), out.slice(0, n, n), scale);
    };
  }

  /**
   * The official {@code forward_with_cfg}: takes and returns 2n rows, of which the second half of
   * {@code x} is not read.
   */
  public Denoiser doubled(Denoiser both, Tensor scale) {
    return (x, timestep) -> {
      int n = x.dim(0) / 2;
      Tensor half = x.slice(0, 0, n);
      Tensor out = both.predict(Tensor.concat(0, half, half), timestep);
      Tensor g = guided(out.slice(0, 0, n), out.slice(0, n, n), scale);
      return withRest(Tensor.concat(0, g, g), out);
    };
  }
}
