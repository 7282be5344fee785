package org.jdit.dit.sample;

import java.util.function.Supplier;

/** Hears of the progress of sampling. */
public interface Listener {
  /** Nobody listens. */
  Listener NONE = new Listener() {};

  /** Weights that were just loaded hold NaN or infinity. */
  default void notFinite(String key) {}

  /**
   * A step of sampling is done.
   *
   * @param done steps done
   * @param total steps in all
   * @param latents makes a copy of the latents as they are now, {@code [N, C, h, w]}
   */
  default void sampled(int done, int total, Supplier<float[]> latents) {}

  /** An image is decoded; told with 0 before the first. */
  default void decoded(int done, int total) {}
}
