package org.jdit.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SequencedMap;

/**
 * What was measured of a workload.
 *
 * @param rivals times of others in the same minutes, by {@link Rival#name}
 * @param peakGflops what the processor reaches at most, in 10⁹ operations a second, where known
 * @param secondsByKernel where the time of a run goes, longest first; empty without a profile
 */
public record Result(
    Workload workload,
    Timing jdit,
    SequencedMap<String, Timing> rivals,
    OptionalDouble peakGflops,
    SequencedMap<String, Double> secondsByKernel) {
  /** What was measured of JDiT only. */
  public static Result alone(Workload workload, Timing timing) {
    return new Result(
        workload, timing, new LinkedHashMap<>(), OptionalDouble.empty(), new LinkedHashMap<>());
  }

  /** JDiT's median time over a rival's: below 1 JDiT is faster. */
  public double ratio(String rival) {
    return jdit.median() / rivals.get(rival).median();
  }

  /** All figures by name: times in seconds, rates in 10⁹ floating-point operations a second. */
  public Map<String, Object> figures() {
    Map<String, Object> f = new LinkedHashMap<>();
    f.put("operation", workload.operation());
    f.putAll(workload.sizes());
    f.put("gflop", workload.flops() * 1e-9);
    put(f, "", jdit);
    rivals.forEach(
        (name, timing) -> {
          put(f, name + "_", timing);
          f.put(name + "_time_ratio", ratio(name));
        });
    if (!secondsByKernel.isEmpty()) {
      f.put("seconds_by_kernel", secondsByKernel);
    }
    return f;
  }

  private void put(Map<String, Object> f, String whose, Timing timing) {
    f.put(whose + "seconds", timing.seconds());
    f.put(whose + "median_seconds", timing.median());
    f.put(whose + "min_seconds", timing.min());
    f.put(whose + "median_gflops", rate(timing.median()));
    f.put(whose + "best_gflops", rate(timing.min()));
    peakPercent(timing).ifPresent(percent -> f.put(whose + "percent_of_peak", percent));
  }

  /** 10⁹ floating-point operations a second when a run takes so many seconds. */
  public double rate(double seconds) {
    return workload.flops() * 1e-9 / seconds;
  }

  /** The rate of the median, in percent of the peak. */
  public OptionalDouble peakPercent(Timing timing) {
    return peakGflops.isPresent()
        ? OptionalDouble.of(100 * rate(timing.median()) / peakGflops.getAsDouble())
        : OptionalDouble.empty();
  }
}
