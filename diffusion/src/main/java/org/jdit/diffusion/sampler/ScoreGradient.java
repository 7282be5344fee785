package org.jdit.diffusion.sampler;

import org.jdit.tensor.Tensor;

/** ∇ log p(y | x) of a classifier or another judge, which steers sampling towards y. */
@FunctionalInterface
public interface ScoreGradient {
  /**
   * The gradient at noisy images.
   *
   * @param x {@code [N, C, H, W]}
   * @param timestep as the network gets it
   * @return of the shape of {@code x}
   */
  Tensor at(Tensor x, Tensor timestep);
}
