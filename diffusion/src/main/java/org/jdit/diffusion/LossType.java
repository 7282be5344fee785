package org.jdit.diffusion;

/** What training minimises. */
public enum LossType {
  /** Squared error, plus the variational bound on the variance if that is learned. */
  MSE,
  /** The same with the bound weighted by steps / 1000. */
  RESCALED_MSE,
  /** The variational bound. */
  KL,
  /** The variational bound times the number of steps: an estimate of the whole sum. */
  RESCALED_KL;

  /** Whether the loss is the variational bound alone. */
  public boolean isVariational() {
    return this == KL || this == RESCALED_KL;
  }
}
