package org.jdit.tensor.spi;

import org.jdit.tensor.JditException;

/**
 * What a user chooses of a backend.
 *
 * @param device which of the backend's devices; empty for the first
 * @param threads host threads to compute with; 0 for all available processors
 */
public record BackendOptions(String device, int threads) {
  /** The first device and all processors. */
  public static final BackendOptions DEFAULT = new BackendOptions("", 0);

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
