package org.jdit.dit.vae;

import org.jdit.tensor.Tensor;

/**
 * The Gaussian from which the latents of an image are drawn.
 *
 * @param mean {@code [N, C, H, W]}
 * @param logvar logarithm of the variance, limited to -30..20, {@code [N, C, H, W]}
 */
public record Posterior(Tensor mean, Tensor logvar) {
  static Posterior of(Tensor moments) {
    var halves = moments.chunk(2, 1);
    return new Posterior(halves.get(0), halves.get(1).clamp(-30, 20));
  }

  /** Standard deviation, {@code [N, C, H, W]}. */
  public Tensor std() {
    return logvar.mul(0.5).exp();
  }

  /** The likeliest latents, the mean. */
  public Tensor mode() {
    return mean;
  }

  /** Latents for given standard normal noise {@code [N, C, H, W]}. */
  public Tensor sample(Tensor noise) {
    return mean.add(std().mul(noise));
  }

  /** Kullback-Leibler divergence from the standard normal, in nats, {@code [N]}. */
  public Tensor kl() {
    return mean.square().add(logvar.exp()).sub(1).sub(logvar).sum(1, 2, 3).mul(0.5);
  }
}
