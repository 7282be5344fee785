package org.jdit.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.TaskTime;

/** Where the time of a run goes. */
public final class Breakdown {
  private static final int RUNS = 5;

  private Breakdown() {}

  /**
   * Runs a warm computation a few more times.
   *
   * @return the mean seconds of a run by kernel, longest first; empty if the backend has no profile
   */
  public static SequencedMap<String, Double> of(Backend backend, Contender contender) {
    if (backend.profile().isEmpty()) {
      return new LinkedHashMap<>();
    }
    Map<String, Double> seconds = new TreeMap<>();
    add(seconds, backend.profile(), -1);
    contender.seconds(RUNS);
    add(seconds, backend.profile(), 1);
    SequencedMap<String, Double> sorted = new LinkedHashMap<>();
    seconds.entrySet().stream()
        .filter(e -> e.getValue() > 0)
        .sorted(Map.Entry.<String, Double>comparingByValue().reversed())
        .forEach(e -> sorted.put(e.getKey(), e.getValue()));
    return sorted;
  }

  private static void add(Map<String, Double> seconds, List<TaskTime> times, int sign) {
    times.forEach(t -> seconds.merge(t.kernel(), sign * t.nanos() * 1e-9 / RUNS, Double::sum));
  }
}
