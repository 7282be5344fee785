package org.jdit.diffusion;

import org.jdit.tensor.Tensor;

/**
 * What a network says of a noisy image.
 *
 * @param previous the distribution p(x₋ | x) of the image one step less noisy
 * @param xStart the clean image it implies, {@code [N, C, H, W]}
 */
public record Prediction(Gaussian previous, Tensor xStart) {}
