package org.jdit.bench.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdit.bench.Machine;
import org.jdit.bench.Result;
import org.jdit.bench.Rival;
import org.jdit.bench.Timing;
import org.jdit.bench.Workload;

/**
 * Results as text, a line for each workload.
 *
 * @param rivals who takes part
 * @param peak whether it is known what the processor reaches at most
 */
record Table(PrintWriter out, List<Rival> rivals, boolean peak) {
  private static final int TOLD_SIZES = 4;

  void head(Map<String, Object> machine) {
    out.println(Machine.line(machine));
    List<String> cells = new ArrayList<>(titles("median ms"));
    for (Rival r : rivals) {
      cells.addAll(titles(r.label() + " ms"));
      cells.add("time ratio");
    }
    line(out, "", cells);
  }

  private List<String> titles(String first) {
    List<String> titles = new ArrayList<>(List.of(first, "min ms", "GFLOP/s", "best"));
    if (peak) {
      titles.add("% of peak");
    }
    return titles;
  }

  void row(Result r) {
    List<String> cells = new ArrayList<>(cells(r, r.jdit()));
    r.rivals()
        .forEach(
            (name, timing) -> {
              cells.addAll(cells(r, timing));
              cells.add("%.3f".formatted(r.ratio(name)));
            });
    line(out, name(r.workload()), cells);
    double all = r.secondsByKernel().values().stream().mapToDouble(s -> s).sum();
    r.secondsByKernel()
        .forEach(
            (kernel, seconds) ->
                line(
                    out,
                    "  " + kernel,
                    List.of(
                        "%.3f".formatted(seconds * 1e3),
                        "%.1f %%".formatted(100 * seconds / all))));
  }

  /** The mean ratios, where there are several. */
  void foot(List<Result> results) {
    if (results.size() == 1) {
      return;
    }
    for (Rival rival : rivals) {
      double mean =
          results.stream()
              .mapToDouble(r -> Math.log(r.ratio(rival.name())))
              .average()
              .orElseThrow();
      out.printf("geometric mean of the time ratios to %s: %.3f%n", rival.label(), Math.exp(mean));
    }
  }

  private static List<String> cells(Result r, Timing timing) {
    List<String> cells = new ArrayList<>(times(timing));
    cells.add("%.0f".formatted(r.rate(timing.median())));
    cells.add("%.0f".formatted(r.rate(timing.min())));
    r.peakPercent(timing).ifPresent(percent -> cells.add("%.0f".formatted(percent)));
    return cells;
  }

  /** Median and minimum in milliseconds. */
  static List<String> times(Timing timing) {
    return List.of("%.2f".formatted(timing.median() * 1e3), "%.2f".formatted(timing.min() * 1e3));
  }

  /** The operation and its first sizes, which tell the workloads of a command apart. */
  static String name(Workload w) {
    return w.sizes().entrySet().stream()
        .limit(TOLD_SIZES)
        .map(e -> e.getKey() + " " + e.getValue())
        .collect(Collectors.joining(" ", w.operation() + " ", ""));
  }

  /** A name and right-aligned cells. */
  static void line(PrintWriter out, String name, List<String> cells) {
    out.printf("%-56s", name);
    cells.forEach(cell -> out.printf(" %10s", cell));
    out.println();
    out.flush();
  }
}
