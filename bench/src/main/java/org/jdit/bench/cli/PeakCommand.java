package org.jdit.bench.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jdit.bench.Machine;
import org.jdit.bench.Peak;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.BackendOptions;
import org.jdit.tensor.spi.Backends;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jdit bench peak}: the machine itself. */
@Command(
    name = "peak",
    sortOptions = false,
    description = {
      "Measures what the processor does at most: multiply-adds of vectors in registers, and "
          + "reading, copying and adding arrays that fit no cache.",
      ""
    },
    footer = {"", "Example:", "  jdit bench peak --json"})
final class PeakCommand implements Callable<Integer> {
  @Option(
      names = "--threads",
      split = ",",
      paramLabel = "LIST",
      description = "Numbers of threads. Default: 1, 2, 4 and so on, and all processors.")
  private List<Integer> threads = Usage.upToAllProcessors();

  @Option(
      names = "--mib",
      defaultValue = "128",
      paramLabel = "N",
      description = "MiB of each array, of which there are three. Default: ${DEFAULT-VALUE}.")
  private int mib;

  @Option(names = "--json", description = "Report as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Usage.check(spec, () -> Usage.positive("--mib", mib));
    Usage.check(spec, () -> Usage.allPositive("--threads", threads));
    Map<String, Object> machine;
    try (Backend backend = Backends.open("cpu", BackendOptions.DEFAULT)) {
      machine = Machine.describe(backend);
    }
    PrintWriter out = spec.commandLine().getOut();
    if (!json) {
      out.println(Machine.line(machine));
      out.printf(
          "%8s %14s %10s %10s %10s%n", "threads", "FMA GFLOP/s", "read GB/s", "copy", "triad");
    }
    List<Map<String, Object>> peaks = new ArrayList<>();
    for (int n : threads) {
      Map<String, Object> f = Peak.measure(n, mib);
      peaks.add(f);
      if (!json) {
        out.printf("%8d %14.1f %10.1f %10.1f %10.1f%n", f.values().toArray());
        out.flush();
      }
    }
    if (json) {
      Report.print(spec, machine, "peak", peaks);
    }
    return 0;
  }
}
