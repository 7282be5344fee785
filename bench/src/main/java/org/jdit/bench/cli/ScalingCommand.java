package org.jdit.bench.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jdit.bench.Loaded;
import org.jdit.bench.Machine;
import org.jdit.bench.Result;
import org.jdit.bench.Stopwatch;
import org.jdit.bench.Timing;
import org.jdit.bench.Workload;
import org.jdit.dit.vae.VaeConfig;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.BackendOptions;
import org.jdit.tensor.spi.Backends;
import org.jdit.tensor.spi.Precision;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code jdit bench scaling}: what more threads bring. */
@Command(
    name = "scaling",
    sortOptions = false,
    description = {
      "Times the cpu backend with different numbers of threads, in turns: a layer and the attention"
          + " of DiT-XL/2, a network, and the decoder.",
      ""
    },
    footer = {"", "Example:", "  jdit bench scaling gemm forward --threads 1,2"})
final class ScalingCommand implements Callable<Integer> {
  /** What can be timed. */
  enum Work {
    gemm,
    attention,
    forward,
    vae
  }

  @Parameters(
      arity = "0..*",
      paramLabel = "WORK",
      description = "What to time: ${COMPLETION-CANDIDATES}. Default: all.")
  private List<Work> works = List.of(Work.values());

  @Option(
      names = "--threads",
      split = ",",
      paramLabel = "LIST",
      description = "Numbers of threads. Default: 1, 2, 4 and so on, and all processors.")
  private List<Integer> threads = Usage.upToAllProcessors();

  @Mixin private Network network = new Network("DiT-S/2", 32);

  @Option(
      names = "--precision",
      defaultValue = "fp32",
      paramLabel = "P",
      description = "Precision of products, as elsewhere. Default: ${DEFAULT-VALUE}.")
  private String precision;

  @Mixin private Repeats repeats;

  @Option(names = "--json", description = "Report as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Stopwatch stopwatch = Usage.check(spec, () -> repeats.stopwatch(9));
    Usage.check(spec, () -> Usage.allPositive("--threads", threads));
    Precision products = Usage.check(spec, () -> Precision.of(precision));
    List<Workload> workloads = Usage.check(spec, () -> works.stream().map(this::workload).toList());
    List<Backend> backends = new ArrayList<>();
    try {
      threads.forEach(
          n -> backends.add(Backends.open("cpu", new BackendOptions("", n, false, products))));
      Map<String, Object> machine = Machine.describe(backends.getLast());
      PrintWriter out = spec.commandLine().getOut();
      if (!json) {
        out.println(Machine.line(machine));
        Table.line(out, "", List.of("threads", "median ms", "min ms", "speed-up"));
      }
      List<Map<String, Object>> results = new ArrayList<>();
      for (Workload workload : workloads) {
        List<Timing> timings = measure(workload, stopwatch, backends);
        for (int i = 0; i < timings.size(); i++) {
          double speedUp = timings.getFirst().median() / timings.get(i).median();
          results.add(figures(workload, threads.get(i), timings.get(i), speedUp));
          if (!json) {
            List<String> cells = new ArrayList<>(Table.times(timings.get(i)));
            cells.addFirst(threads.get(i).toString());
            cells.add("%.2f".formatted(speedUp));
            Table.line(out, Table.name(workload), cells);
          }
        }
      }
      if (json) {
        Report.print(spec, machine, "results", results);
      }
    } finally {
      backends.forEach(Backend::close);
    }
    return 0;
  }

  private Workload workload(Work work) {
    return switch (work) {
      case gemm -> Workload.linear(512, 1152, 4608);
      case attention -> Workload.attention(2, 16, 256, 72);
      case forward -> Workload.forward(network.config(), 1);
      case vae -> Workload.decode(VaeConfig.STABLE_DIFFUSION, 1, network.latents());
    };
  }

  private static List<Timing> measure(
      Workload workload, Stopwatch stopwatch, List<Backend> backends) {
    List<Loaded> sides = new ArrayList<>();
    try {
      backends.forEach(b -> sides.add(Loaded.on(b, workload)));
      return stopwatch.compare(sides);
    } finally {
      sides.forEach(Loaded::close);
    }
  }

  private static Map<String, Object> figures(
      Workload workload, int threads, Timing timing, double speedUp) {
    Map<String, Object> f = Result.alone(workload, timing).figures();
    f.put("threads", threads);
    f.put("speed_up", speedUp);
    return f;
  }
}
