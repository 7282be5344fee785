package org.jdit.diffusion;

/** Where the variance of a reverse step comes from. */
public enum VarianceType {
  /** Learned; read as {@link #LEARNED_RANGE}, as the official code does. */
  LEARNED,
  /** The posterior variance. */
  FIXED_SMALL,
  /** β. */
  FIXED_LARGE,
  /** Learned, between the two fixed ones (Nichol &amp; Dhariwal 2021, equation 15). */
  LEARNED_RANGE;

  /** Whether the network's second half of channels is a variance. */
  public boolean isLearned() {
    return this == LEARNED || this == LEARNED_RANGE;
  }
}
