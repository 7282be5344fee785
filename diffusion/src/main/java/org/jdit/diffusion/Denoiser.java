package org.jdit.diffusion;

import org.jdit.tensor.Tensor;

/** A network as diffusion sees it. */
@FunctionalInterface
public interface Denoiser {
  /**
   * What the network makes of noisy images.
   *
   * @param x {@code [N, C, H, W]}
   * @param timestep the timestep of each image in the form that the network takes; diffusion passes
   *     it on unread
   * @return {@code [N, C, H, W]}, or {@code [N, 2C, H, W]} if the network also learned a variance
   */
  Tensor predict(Tensor x, Tensor timestep);
}
