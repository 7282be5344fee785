package org.jdit.bench;

import java.util.List;

/**
 * Times of one computation.
 *
 * @param seconds of each run, in their order; at least one
 */
public record Timing(List<Double> seconds) {
  /** Copies the list. */
  public Timing {
    seconds = List.copyOf(seconds);
    if (seconds.isEmpty()) {
      throw new IllegalArgumentException("a timing without a run");
    }
  }

  /** The best time: that of the machine when nothing else disturbs it. */
  public double min() {
    return seconds.stream().mapToDouble(s -> s).min().orElseThrow();
  }

  /** The middle time; of an even number, the mean of the middle two. */
  public double median() {
    double[] sorted = seconds.stream().mapToDouble(s -> s).sorted().toArray();
    int n = sorted.length;
    return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
  }
}
