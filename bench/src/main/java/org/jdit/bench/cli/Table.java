package org.jdit.bench.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdit.bench.Machine;
import org.jdit.bench.Result;
import org.jdit.bench.Timing;
import org.jdit.bench.Workload;

/**
 * Results as text, a line for each workload.
 *
 * @param torch whether PyTorch takes part
 */
record Table(PrintWriter out, boolean torch) {
  private static final int TOLD_SIZES = 4;
  private static final List<String> OURS = List.of("median ms", "min ms", "GFLOP/s", "best");
  private static final List<String> THEIRS =
      List.of("PyTorch ms", "min ms", "GFLOP/s", "best", "time ratio");

  void head(Map<String, Object> machine) {
    out.println(Machine.line(machine));
    List<String> cells = new ArrayList<>(OURS);
    if (torch) {
      cells.addAll(THEIRS);
    }
    line("", cells);
  }

  void row(Result r) {
    List<String> cells = new ArrayList<>(cells(r, r.jdit()));
    r.torch().ifPresent(timing -> cells.addAll(cells(r, timing)));
    r.ratio().ifPresent(ratio -> cells.add("%.3f".formatted(ratio)));
    line(name(r.workload()), cells);
  }

  /** The mean ratio, where there are several. */
  void foot(List<Result> results) {
    if (torch && results.size() > 1) {
      double mean =
          results.stream()
              .mapToDouble(r -> Math.log(r.ratio().orElseThrow()))
              .average()
              .orElseThrow();
      out.printf("geometric mean of the time ratios: %.3f%n", Math.exp(mean));
    }
  }

  private static List<String> cells(Result r, Timing timing) {
    return List.of(
        "%.2f".formatted(timing.median() * 1e3),
        "%.2f".formatted(timing.min() * 1e3),
        "%.0f".formatted(r.rate(timing.median())),
        "%.0f".formatted(r.rate(timing.min())));
  }

  /** The operation and its first sizes, which tell the workloads of a command apart. */
  private static String name(Workload w) {
    return w.sizes().entrySet().stream()
        .limit(TOLD_SIZES)
        .map(e -> e.getKey() + " " + e.getValue())
        .collect(Collectors.joining(" ", w.operation() + " ", ""));
  }

  private void line(String name, List<String> cells) {
    out.printf("%-56s", name);
    cells.forEach(cell -> out.printf(" %10s", cell));
    out.println();
    out.flush();
  }
}
