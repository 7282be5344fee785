package org.jdit.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What was measured of a workload.
 *
 * @param torch PyTorch's times in the same minutes, if it took part
 */
public record Result(Workload workload, Timing jdit, Optional<Timing> torch) {
  /** JDiT's median time over PyTorch's: below 1 JDiT is faster. */
  public Optional<Double> ratio() {
    return torch.map(t -> jdit.median() / t.median());
  }

  /** All figures by name: times in seconds, rates in 10⁹ floating-point operations a second. */
  public Map<String, Object> figures() {
    Map<String, Object> f = new LinkedHashMap<>();
    f.put("operation", workload.operation());
    f.putAll(workload.sizes());
    f.put("gflop", workload.flops() * 1e-9);
    put(f, "", jdit);
    torch.ifPresent(t -> put(f, "torch_", t));
    ratio().ifPresent(r -> f.put("time_ratio", r));
    return f;
  }

  private void put(Map<String, Object> f, String whose, Timing timing) {
    f.put(whose + "seconds", timing.seconds());
    f.put(whose + "median_seconds", timing.median());
    f.put(whose + "min_seconds", timing.min());
    f.put(whose + "median_gflops", rate(timing.median()));
    f.put(whose + "best_gflops", rate(timing.min()));
  }

  /** 10⁹ floating-point operations a second when a run takes so many seconds. */
  public double rate(double seconds) {
    return workload.flops() * 1e-9 / seconds;
  }
}
