package org.jdit.bench.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jdit.bench.Loaded;
import org.jdit.bench.Machine;
import org.jdit.bench.Soak;
import org.jdit.bench.Soak.Reading;
import org.jdit.bench.Workload;
import org.jdit.dit.cli.EngineOptions;
import org.jdit.tensor.spi.Backend;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jdit bench soak}: many runs that must leave nothing behind. */
@Command(
    name = "soak",
    sortOptions = false,
    description = {
      "Runs a compiled network many times and reads memory after each tenth; fails if the engine "
          + "holds more, or the process grows by more than is allowed, than after the first tenth.",
      ""
    },
    footer = {"", "Example:", "  jdit bench soak --runs 100000"})
final class SoakCommand implements Callable<Integer> {
  private static final double MIB = 1 << 20;

  @Option(
      names = "--runs",
      defaultValue = "10000",
      paramLabel = "N",
      description = "Runs, at least 10. Default: ${DEFAULT-VALUE}.")
  private int runs;

  @Option(
      names = "--allow",
      defaultValue = "32",
      paramLabel = "MIB",
      description =
          "MiB by which the process may grow after the first tenth, for what the JVM compiles. "
              + "Default: ${DEFAULT-VALUE}.")
  private int allowed;

  @Mixin private Network network = new Network("128x4x4/2", 16);

  @Mixin private EngineOptions engine;

  @Option(names = "--json", description = "Report as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Usage.check(spec, () -> Usage.atLeast(Soak.READINGS, "--runs", runs));
    Usage.check(spec, () -> Usage.atLeast(0, "--allow", allowed));
    Workload workload = Usage.check(spec, () -> Workload.forward(network.config(), 1));
    engine.check();
    Soak soak = new Soak(runs, allowed);
    try (Backend backend = engine.open();
        Loaded loaded = Loaded.on(backend, workload)) {
      Map<String, Object> machine = Machine.describe(backend);
      PrintWriter out = spec.commandLine().getOut();
      if (!json) {
        out.println(Machine.line(machine));
        out.printf("%10s %14s %14s %14s%n", "runs", "engine MiB", "heap MiB", "process MiB");
      }
      List<Reading> readings =
          soak.watch(backend.memory(), loaded::run, json ? _ -> {} : this::row);
      if (json) {
        Report.print(spec, machine, "soak", readings.stream().map(Reading::figures).toList());
      }
      soak.check(readings);
      engine.report(backend.profile());
    }
    return 0;
  }

  private void row(Reading r) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "%10d %14.3f %14.3f %14.1f%n",
        r.runs(), r.live() / MIB, r.heap() / MIB, r.resident() / MIB);
    out.flush();
  }
}
