package org.jdit.dit.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jdit.weights.Checkpoint.Choice;
import org.jdit.weights.DitDimensions;
import org.jdit.weights.Inspector;
import org.jdit.weights.Inspector.Inspection;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code jdit inspect}: what a weights file holds. */
@Command(
    name = "inspect",
    description = {
      "Lists the tensors of a weights file, and tells which model it is and whether it is the EMA.",
      "",
      "Reads torch (.pt, .pth, .bin, .ckpt), safetensors, npz, and directories of diffusers;"
          + " nothing in a file is ever executed.",
      ""
    })
final class InspectCommand implements Callable<Integer> {
  @Parameters(paramLabel = "FILE", description = "A weights file, or a directory of diffusers.")
  private Path file;

  @Option(
      names = "--weights",
      defaultValue = "auto",
      paramLabel = "auto|model|ema",
      description = "Which weights of a training checkpoint; auto takes ema if there is one.")
  private Choice weights;

  @Option(names = "--json", description = "Report as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Inspection i = Inspector.inspect(file, weights);
    var out = spec.commandLine().getOut();
    if (json) {
      out.println(JsonMapper.shared().writeValueAsString(report(i)));
      return 0;
    }
    i.tensors()
        .forEach(
            (name, tensor) ->
                out.printf(
                    "%-5s %-22s %s%n",
                    tensor.dtype().name().toLowerCase(Locale.ROOT), tensor.shape(), name));
    out.println();
    summary(i).forEach((what, value) -> out.printf("%-12s %s%n", what, value));
    i.metadata().forEach((key, value) -> out.printf("%-12s %s = %s%n", "metadata", key, value));
    return 0;
  }

  private static Map<String, Object> summary(Inspection i) {
    Map<String, Object> s = new LinkedHashMap<>();
    s.put("file", i.file().toString());
    s.put("format", words(i.format()));
    s.put("model", i.dit().map(InspectCommand::describe).orElseGet(() -> words(i.kind())));
    s.put("weights", i.weights().orElse("not named as ema or model"));
    s.put("tensors", i.tensors().size());
    s.put("parameters", i.parameters());
    if (!i.unreadable().isEmpty()) {
      s.put("unreadable", i.unreadable());
    }
    return s;
  }

  private static String describe(DitDimensions d) {
    return "%s, width %d, depth %d, patch %d%s, %d label rows, %s"
        .formatted(
            d.name().orElse("custom DiT"),
            d.hidden(),
            d.depth(),
            d.patch(),
            d.inputSize().isPresent() ? ", latents " + d.inputSize().getAsInt() : "",
            d.labelRows(),
            d.learnsSigma() ? "learned variance" : "no variance");
  }

  private static String words(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static Map<String, Object> report(Inspection i) {
    Map<String, Object> r = summary(i);
    r.put("metadata", i.metadata());
    Map<String, Object> tensors = new LinkedHashMap<>();
    i.tensors()
        .forEach(
            (name, tensor) ->
                tensors.put(
                    name, Map.of("dtype", tensor.dtype().name(), "shape", tensor.shape().dims())));
    r.put("tensors", tensors);
    return r;
  }
}
