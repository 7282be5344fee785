package org.jdit.diffusion;

import org.jdit.tensor.Tensor;

/**
 * A diagonal normal distribution over images.
 *
 * @param mean {@code [N, C, H, W]}
 * @param variance of the same shape, or {@code [N, 1, 1, 1]}
 * @param logVariance its logarithm, from a better source than {@code variance.log()}
 */
public record Gaussian(Tensor mean, Tensor variance, Tensor logVariance) {}
