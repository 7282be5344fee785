package org.jdit.diffusion.schedule;

/**
 * What the formulas of diffusion need to know of a timestep. With ᾱ the product of (1 - β) up to
 * and including the timestep, and ᾱ₋ and ᾱ₊ those of the timesteps before and after it.
 */
public enum Quantity {
  /** β. */
  BETA,
  /** ln β: the upper end of a learned log variance. */
  LOG_BETA,
  /** ᾱ. */
  ALPHA_BAR,
  /** ᾱ₋; 1 at the first timestep. */
  ALPHA_BAR_PREV,
  /** ᾱ₊; 0 at the last timestep. */
  ALPHA_BAR_NEXT,
  /** √ᾱ. */
  SQRT_ALPHA_BAR,
  /** 1 - ᾱ. */
  ONE_MINUS_ALPHA_BAR,
  /** √(1 - ᾱ). */
  SQRT_ONE_MINUS_ALPHA_BAR,
  /** ln(1 - ᾱ). */
  LOG_ONE_MINUS_ALPHA_BAR,
  /** √(1 / ᾱ). */
  SQRT_RECIP_ALPHA_BAR,
  /** √(1 / ᾱ - 1). */
  SQRT_RECIPM1_ALPHA_BAR,
  /** Variance of q(x₋ | x, x₀): equation 7 of Ho et al. 2020. */
  POSTERIOR_VARIANCE,
  /** Its logarithm; at the first timestep, where it is ln 0, that of the second. */
  POSTERIOR_LOG_VARIANCE,
  /** Factor of x₀ in the mean of q(x₋ | x, x₀). */
  POSTERIOR_MEAN_X_START,
  /** Factor of x in the mean of q(x₋ | x, x₀). */
  POSTERIOR_MEAN_X,
  /** β, but the posterior variance of the second timestep at the first: a fixed large variance. */
  LARGE_VARIANCE,
  /** Its logarithm. */
  LARGE_LOG_VARIANCE,
  /** 0 at the first timestep, where sampling adds no noise; 1 elsewhere. */
  NOT_FIRST
}
