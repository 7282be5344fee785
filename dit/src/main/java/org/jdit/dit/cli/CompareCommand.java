package org.jdit.dit.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jdit.tensor.io.TensorFile;
import org.jdit.weights.Checkpoint;
import org.jdit.weights.Checkpoint.Choice;
import org.jdit.weights.Comparison;
import org.jdit.weights.Comparison.Compared;
import org.jdit.weights.Comparison.Misshapen;
import org.jdit.weights.Comparison.Missing;
import org.jdit.weights.Comparison.Pair;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code jdit compare}: how far two files are apart. */
@Command(
    name = "compare",
    description = {
      "Compares two weights files, or dumps of activations, tensor by tensor.",
      "",
      "For each tensor: the largest difference, that over the largest value of B, and where it is. "
          + "A DiT in the official layout and one in that of diffusers are compared by meaning.",
      "Exit code 0 if no difference exceeds --tolerance, else 1.",
      ""
    })
final class CompareCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "A", description = "A file.")
  private Path a;

  @Parameters(index = "1", paramLabel = "B", description = "The file to compare it with.")
  private Path b;

  @Option(
      names = "--tolerance",
      defaultValue = "0",
      paramLabel = "X",
      description = "Largest relative difference that passes. Default: ${DEFAULT-VALUE}.")
  private double tolerance;

  @Option(
      names = "--weights",
      defaultValue = "auto",
      paramLabel = "auto|model|ema",
      description = "Which weights of training checkpoints; auto takes ema if there is one.")
  private Choice weights;

  @Option(names = "--json", description = "Report as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    if (!(tolerance >= 0)) {
      throw new ParameterException(
          spec.commandLine(), "--tolerance is 0 or more, not " + tolerance);
    }
    try (TensorFile first = Checkpoint.open(a, weights);
        TensorFile second = Checkpoint.open(b, weights)) {
      Comparison comparison = Comparison.of(first, second);
      boolean close = comparison.pairs().stream().allMatch(this::passes);
      if (json) {
        List<Map<String, Object>> rows =
            comparison.pairs().stream().map(CompareCommand::row).toList();
        spec.commandLine()
            .getOut()
            .println(
                JsonMapper.shared().writeValueAsString(Map.of("passes", close, "tensors", rows)));
      } else {
        print(comparison, close);
      }
      return close ? 0 : 1;
    }
  }

  private boolean passes(Pair pair) {
    return pair instanceof Compared c && c.maxRel() <= tolerance;
  }

  private void print(Comparison comparison, boolean close) {
    var out = spec.commandLine().getOut();
    out.printf("%10s %10s  %s%n", "max abs", "max rel", "tensor");
    for (Pair pair : comparison.pairs()) {
      switch (pair) {
        case Compared c ->
            out.printf(
                "%10.3g %10.3g  %s%s%n",
                c.maxAbs(), c.maxRel(), c.name(), c.equal() ? "" : " at " + c.at());
        case Misshapen m ->
            out.printf("%10s %10s  %s: A has %s, B has %s%n", "-", "-", m.name(), m.a(), m.b());
        case Missing m ->
            out.printf(
                "%10s %10s  %s: missing from %s%n", "-", "-", m.name(), m.fromFirst() ? "A" : "B");
      }
    }
    out.printf(
        "%d tensors, %d equal, largest difference %.3g: %s%n",
        comparison.pairs().size(),
        comparison.pairs().stream().filter(p -> p instanceof Compared c && c.equal()).count(),
        comparison.maxAbs(),
        close ? "passes" : "differs");
  }

  private static Map<String, Object> row(Pair pair) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("name", pair.name());
    switch (pair) {
      case Compared c -> {
        row.put("max_abs", c.maxAbs());
        row.put("max_rel", c.maxRel());
        row.put("at", c.at());
      }
      case Misshapen m -> {
        row.put("a", m.a().toString());
        row.put("b", m.b().toString());
      }
      case Missing m -> row.put("missing_from", m.fromFirst() ? "a" : "b");
    }
    return row;
  }
}
