package org.jdit.bench.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jdit.bench.Contender;
import org.jdit.bench.Loaded;
import org.jdit.bench.Machine;
import org.jdit.bench.Result;
import org.jdit.bench.Stopwatch;
import org.jdit.bench.Timing;
import org.jdit.bench.Workload;
import org.jdit.bench.torch.Torch;
import org.jdit.dit.cli.EngineOptions;
import org.jdit.tensor.JditException;
import org.jdit.tensor.spi.Backend;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A command that times workloads, and PyTorch at the same ones if a Python is given. */
abstract class WorkloadCommand implements Callable<Integer> {
  @Mixin private EngineOptions engine;

  @Option(
      names = "--repeat",
      paramLabel = "N",
      description = "Runs to count. Default: 30 of a kernel, 9 of a network.")
  private Optional<Integer> repeat = Optional.empty();

  @Option(
      names = "--warm-up",
      defaultValue = "1",
      paramLabel = "SECONDS",
      description =
          "Run at least so long, and three times, before counting. Default: ${DEFAULT-VALUE}.")
  private double warmUp;

  @Option(
      names = "--python",
      paramLabel = "PATH",
      description = "A Python that has PyTorch, to be timed in turns on as many threads.")
  private Optional<String> python = Optional.empty();

  @Option(names = "--json", description = "Report as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  /** What to time, in the order of the report. */
  abstract List<Workload> workloads();

  /** Makes a backend ready for a workload. */
  Contender load(Backend backend, Workload workload) {
    return Loaded.on(backend, workload);
  }

  /** How many runs to count if the user does not say. */
  abstract int usualRepeats();

  @Override
  public Integer call() {
    Stopwatch stopwatch = Usage.check(spec, this::stopwatch);
    List<Workload> workloads = Usage.check(spec, this::workloads);
    engine.check();
    try (Backend backend = engine.open();
        Torch torch = python.map(Torch::start).orElse(null)) {
      Map<String, Object> machine = Machine.describe(backend);
      if (torch != null) {
        machine.put("pytorch", torch.version());
      }
      Table table = new Table(spec.commandLine().getOut(), torch != null);
      if (!json) {
        table.head(machine);
      }
      List<Result> results = new ArrayList<>();
      for (Workload workload : workloads) {
        Result result = measure(workload, stopwatch, backend, Optional.ofNullable(torch));
        results.add(result);
        if (!json) {
          table.row(result);
        }
      }
      if (json) {
        Report.print(spec, machine, "results", results.stream().map(Result::figures).toList());
      } else {
        table.foot(results);
      }
      engine.report(backend.profile());
    }
    return 0;
  }

  private Result measure(
      Workload workload, Stopwatch stopwatch, Backend backend, Optional<Torch> torch) {
    try (Contender jdit = load(backend, workload)) {
      List<Contender> sides = new ArrayList<>(List.of(jdit));
      torch.ifPresent(t -> sides.add(t.load(workload, engine.threads())));
      List<Timing> timings = stopwatch.compare(sides);
      return new Result(workload, timings.getFirst(), timings.stream().skip(1).findFirst());
    }
  }

  private Stopwatch stopwatch() {
    if (!(warmUp >= 0 && warmUp <= 60)) {
      throw new JditException("--warm-up is from 0 to 60 seconds, not " + warmUp);
    }
    return new Stopwatch(warmUp, Usage.positive("--repeat", repeat.orElse(usualRepeats())));
  }
}
