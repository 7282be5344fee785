package org.jdit.bench.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import org.jdit.bench.Breakdown;
import org.jdit.bench.Contender;
import org.jdit.bench.Loaded;
import org.jdit.bench.Machine;
import org.jdit.bench.Peak;
import org.jdit.bench.Result;
import org.jdit.bench.Rival;
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

  @Mixin private Repeats repeats;

  @Option(
      names = "--python",
      paramLabel = "PATH",
      description = "A Python that has PyTorch, to be timed in turns on as many threads.")
  private Optional<String> python = Optional.empty();

  @Option(
      names = "--torch-precision",
      paramLabel = "P",
      description =
          "PyTorch's: fp32, or bf16 tensors of kernels and autocast of networks. Default: fp32.")
  private Optional<String> torchPrecision = Optional.empty();

  @Option(names = "--json", description = "Report as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  /** What to time, in the order of the report. */
  abstract List<Workload> workloads();

  /** Makes a backend ready for a workload. */
  Contender load(Backend backend, Workload workload) {
    return Loaded.on(backend, workload);
  }

  /** Who is to be timed in turns besides PyTorch. */
  List<Rival> otherRivals() {
    return List.of();
  }

  /** How many runs to count if the user does not say. */
  abstract int usualRepeats();

  @Override
  public Integer call() {
    Stopwatch stopwatch = Usage.check(spec, () -> repeats.stopwatch(usualRepeats()));
    List<Workload> workloads = Usage.check(spec, this::workloads);
    String precision = Usage.check(spec, this::torchPrecision);
    engine.check();
    List<Rival> rivals = new ArrayList<>(otherRivals());
    try (Backend backend = engine.open();
        Torch torch = python.map(p -> Torch.start(p, precision)).orElse(null)) {
      Map<String, Object> machine = Machine.describe(backend);
      machine.put("precision", engine.precision().toString());
      OptionalDouble peak = peak(backend);
      peak.ifPresent(gflops -> machine.put("fma_gflops", gflops));
      if (torch != null) {
        rivals.addFirst(torch);
        machine.put("torch_precision", precision);
      }
      rivals.forEach(r -> machine.put(r.label().toLowerCase(Locale.ROOT), r.version()));
      Table table = new Table(spec.commandLine().getOut(), rivals, peak.isPresent());
      if (!json) {
        table.head(machine);
      }
      List<Result> results = new ArrayList<>();
      for (Workload workload : workloads) {
        Result result = measure(workload, stopwatch, backend, rivals, peak);
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

  /** Of the processor, if that is what computes. */
  private OptionalDouble peak(Backend backend) {
    return backend.name().equals("cpu")
        ? OptionalDouble.of(Peak.fmaGflops(engine.threads()))
        : OptionalDouble.empty();
  }

  private Result measure(
      Workload workload,
      Stopwatch stopwatch,
      Backend backend,
      List<Rival> rivals,
      OptionalDouble peak) {
    List<Contender> sides = new ArrayList<>();
    try (Contender jdit = load(backend, workload)) {
      sides.add(jdit);
      rivals.forEach(r -> sides.add(r.load(workload, engine.threads())));
      List<Timing> timings = stopwatch.compare(sides);
      SequencedMap<String, Timing> theirs = new LinkedHashMap<>();
      for (int i = 0; i < rivals.size(); i++) {
        theirs.put(rivals.get(i).name(), timings.get(i + 1));
      }
      return new Result(workload, timings.getFirst(), theirs, peak, Breakdown.of(backend, jdit));
    } finally {
      sides.stream().skip(1).forEach(Contender::close);
    }
  }

  private String torchPrecision() {
    if (torchPrecision.isPresent() && python.isEmpty()) {
      throw new JditException("--torch-precision is of PyTorch: give --python too");
    }
    String precision = torchPrecision.orElse("fp32");
    if (!List.of("fp32", "bf16").contains(precision)) {
      throw new JditException("--torch-precision is fp32 or bf16, not " + precision);
    }
    return precision;
  }
}
