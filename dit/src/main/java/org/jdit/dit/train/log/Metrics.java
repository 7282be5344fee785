package org.jdit.dit.train.log;

import java.util.Map;

/**
 * What was measured at one step.
 *
 * @param step the number of optimiser steps made, 0 or more
 * @param values column → number, in any order and not necessarily finite; a column may be missing
 */
public record Metrics(long step, Map<String, Double> values) {
  /**
   * Copies the values.
   *
   * @throws IllegalArgumentException if the step is negative
   */
  public Metrics {
    if (step < 0) {
      throw new IllegalArgumentException("step " + step);
    }
    values = Map.copyOf(values);
  }
}
