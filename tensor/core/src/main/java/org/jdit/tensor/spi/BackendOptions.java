package org.jdit.tensor.spi;

import org.jdit.tensor.JditException;

/**
 * What a user chooses of a backend.
 *
 * @param device which of the backend's devices; empty for the first
 * @param threads host threads to compute with; 0 for all available processors
 * @param profile whether to time every task, for {@link Backend#profile}; runs take longer then
 * @param precision of matrix products, convolutions and attention
 */
public record BackendOptions(String device, int threads, boolean profile, Precision precision) {
  /** The first device and all processors. */
  public static final BackendOptions DEFAULT = new BackendOptions("", 0);

  /** A device and a number of threads, without a profile, in float32. */
  public BackendOptions(String device, int threads) {
    this(device, threads, false, Precision.FP32);
  }

  /**
   * Checks the number of threads.
   *
   * @throws JditException if it is negative
   */
  public BackendOptions {
    if (threads < 0) {
      throw new JditException("threads must be 0 (all) or more, not " + threads);
    }
  }
}
