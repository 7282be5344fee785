package org.jdit.dit.sample;

import java.util.OptionalInt;
import org.jdit.tensor.JditException;

/**
 * Classifier-free guidance (Ho &amp; Salimans 2022), at all timesteps or in an interval of them
 * (Kynkäänniemi et al. 2024); outside of it the network sees each image once instead of twice.
 *
 * @param scale 1 samples without guidance
 * @param channels how many latent channels are guided; empty for what fits the checkpoint: 3 for
 *     official numerics, all for those of diffusers
 * @param from the first guided timestep, as a share of the trained chain: 0 is no noise
 * @param to the last guided timestep, likewise: 1 is all noise
 */
public record Guidance(double scale, OptionalInt channels, double from, double to) {
  /** None. */
  public static final Guidance NONE = ofScale(1);

  /**
   * Checks the numbers.
   *
   * @throws JditException if one is out of its range
   */
  public Guidance {
    if (!Double.isFinite(scale)) {
      throw new JditException("the guidance scale must be a number, not " + scale);
    }
    if (!(0 <= from && from <= to && to <= 1)) {
      throw new JditException(
          "the interval of guidance lies within 0 and 1, not from %s to %s".formatted(from, to));
    }
  }

  /** So much guidance at all timesteps. */
  public static Guidance ofScale(double scale) {
    return new Guidance(scale, OptionalInt.empty(), 0, 1);
  }

  /** The same guidance within an interval. */
  public Guidance within(double first, double last) {
    return new Guidance(scale, channels, first, last);
  }

  /** Whether there are timesteps without guidance. */
  public boolean isPartial() {
    return from > 0 || to < 1;
  }

  /**
   * Whether a timestep is guided.
   *
   * @param t timestep of a chain
   * @param last of its timesteps
   */
  boolean covers(double t, int last) {
    double share = t / last;
    return from <= share && share <= to;
  }
}
