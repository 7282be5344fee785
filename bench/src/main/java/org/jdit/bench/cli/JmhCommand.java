package org.jdit.bench.cli;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jdit.bench.Machine;
import org.jdit.bench.Peak;
import org.jdit.tensor.JditException;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.BackendOptions;
import org.jdit.tensor.spi.Backends;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.NoBenchmarksException;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code jdit bench jmh}: the benchmarks under JMH, each in a JVM of its own. */
@Command(
    name = "jmh",
    sortOptions = false,
    description = {
      "Runs the benchmarks of the cpu backend under JMH: runs a second, and the rates that makes.",
      ""
    },
    footer = {"", "Example:", "  jdit bench jmh \"Gemm|Attention\""})
final class JmhCommand implements Callable<Integer> {
  private static final List<String> JVM_FLAGS =
      List.of(
          "--add-modules",
          "jdk.incubator.vector",
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow",
          "-XX:+UseSerialGC");

  private static final int COPY_MIB = 128;

  @Parameters(
      arity = "0..1",
      defaultValue = "",
      paramLabel = "REGEX",
      description =
          "Those whose names match: Gemm, Attention, Block, Elementwise, Decode. Default: all.")
  private String regex;

  @Option(
      names = "--threads",
      defaultValue = "0",
      paramLabel = "N",
      description = "Threads; 0 for all processors. Default: ${DEFAULT-VALUE}.")
  private int threads;

  @Option(names = "--json", description = "Report as JSON, and show progress on the error stream.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    BackendOptions cpu = Usage.check(spec, () -> new BackendOptions("", threads));
    Options options =
        new OptionsBuilder()
            .include(Usage.check(spec, this::checked))
            .param("threads", Integer.toString(threads))
            .jvmArgs(JVM_FLAGS.toArray(String[]::new))
            .shouldFailOnError(true)
            .build();
    Map<String, Object> machine;
    try (Backend backend = Backends.open("cpu", cpu)) {
      machine = Machine.describe(backend);
    }
    double copy = Peak.copyGbytes(threads == 0 ? processors() : threads, COPY_MIB);
    machine.put("copy_gbyte_per_second", copy);
    OutputFormat progress =
        OutputFormatFactory.createFormatInstance(
            json ? System.err : System.out, VerboseMode.NORMAL);
    try {
      progress.println(Machine.line(machine));
      Collection<RunResult> results = new Runner(options, progress).run();
      if (json) {
        Report.print(
            spec, machine, "results", results.stream().map(r -> figures(r, copy)).toList());
      } else {
        results.forEach(r -> bandwidth(r, copy, progress));
      }
      return 0;
    } catch (NoBenchmarksException e) {
      throw new JditException("no benchmark matches " + regex, e);
    } catch (RunnerException e) {
      throw new JditException("a benchmark failed, for the reason above", e);
    }
  }

  private String checked() {
    try {
      return Pattern.compile(regex).pattern();
    } catch (PatternSyntaxException e) {
      throw new JditException(
          "%s is no regular expression: %s".formatted(regex, e.getDescription()), e);
    }
  }

  private static int processors() {
    return Runtime.getRuntime().availableProcessors();
  }

  private static double gbytes(RunResult result) {
    return result.getSecondaryResults().get("gbyte").getScore();
  }

  /** Whether it is a kernel without products. */
  private static boolean isBandwidth(RunResult result) {
    return result.getSecondaryResults().get("gflop").getScore() == 0;
  }

  /** Says how a kernel without products compares with a copy; it may be faster, in the caches. */
  private static void bandwidth(RunResult result, double copy, OutputFormat out) {
    if (isBandwidth(result)) {
      double rate = gbytes(result);
      out.println(
          "%s: %.1f GB/s, %.0f %% of a copy's"
              .formatted(result.getParams().getParam("kernel"), rate, 100 * rate / copy));
    }
  }

  private static Map<String, Object> figures(RunResult result, double copy) {
    BenchmarkParams params = result.getParams();
    Map<String, Object> f = new LinkedHashMap<>();
    String method = params.getBenchmark();
    String type = method.substring(0, method.lastIndexOf('.'));
    f.put("benchmark", type.substring(type.lastIndexOf('.') + 1));
    params.getParamsKeys().forEach(key -> f.put(key, params.getParam(key)));
    f.put("runs_per_second", result.getPrimaryResult().getScore());
    result.getSecondaryResults().forEach((name, r) -> f.put(name + "_per_second", r.getScore()));
    if (isBandwidth(result)) {
      f.put("percent_of_copy", 100 * gbytes(result) / copy);
    }
    return f;
  }
}
