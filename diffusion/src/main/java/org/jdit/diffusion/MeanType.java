package org.jdit.diffusion;

/** What a network's output means. */
public enum MeanType {
  /** The mean of x₋. Sampling reads it as {@link #EPSILON}, as the official code does. */
  PREVIOUS_X,
  /** The clean image x₀. */
  START_X,
  /** The noise ε (Ho et al. 2020, §3.2). */
  EPSILON
}
