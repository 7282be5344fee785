package org.jdit.dit.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.weights.Checkpoint.Choice;
import org.jdit.weights.Converter;
import org.jdit.weights.Converter.Layout;
import org.jdit.weights.Converter.Request;
import org.jdit.weights.Converter.Result;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code jdit convert}: the same weights in another format, layout or precision. */
@Command(
    name = "convert",
    sortOptions = false,
    description = {
      "Writes weights in another format, layout or precision.",
      "",
      "Reads what 'jdit sample' reads. Writes .safetensors, .pt (which torch.load reads), or a"
          + " directory that diffusers' DiTPipeline loads. The file's metadata say where the"
          + " weights come from (name, SHA-256, ema or model).",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  jdit convert DiT-XL-2-256x256.pt dit.safetensors --dtype bf16",
      "  jdit convert DiT-XL-2-256x256.pt small.safetensors --dtype int8",
      "  jdit convert DiT-XL-2-256x256.pt dit-diffusers --layout diffusers",
      "  jdit convert dit-diffusers back.pt --layout official"
    })
final class ConvertCommand implements Callable<Integer> {
  /** Precisions of weights. */
  enum Precision {
    F32(DType.F32),
    F16(DType.F16),
    BF16(DType.BF16),
    INT8(DType.I8);

    private final DType dtype;

    Precision(DType dtype) {
      this.dtype = dtype;
    }
  }

  @Parameters(
      index = "0",
      paramLabel = "IN",
      description = "A weights file, or a directory of diffusers.")
  private Path in;

  @Parameters(
      index = "1",
      paramLabel = "OUT",
      description =
          "A .safetensors, .pt, .pth or .bin file, or a directory for the diffusers layout.")
  private Path out;

  @Option(
      names = "--dtype",
      paramLabel = "f32|f16|bf16|int8",
      description = {
        "Precision of the weights. Default: as they are, those in int8 as f32.",
        "int8 is a byte for each weight of the linear layers with a scale for each output, and f32"
            + " for all others; it needs a safetensors file in the official layout."
      })
  private Optional<Precision> dtype = Optional.empty();

  @Option(
      names = "--weights",
      defaultValue = "auto",
      paramLabel = "auto|model|ema",
      description = "Which weights of a training checkpoint; auto takes ema if there is one.")
  private Choice weights;

  @Option(
      names = "--layout",
      paramLabel = "official|diffusers",
      description = "Names of a DiT's tensors. Default: diffusers for a directory, else official.")
  private Optional<Layout> layout = Optional.empty();

  @Option(
      names = "--num-heads",
      paramLabel = "N",
      description = "Attention heads, for diffusers' config.json. Default: by the width.")
  private Optional<Integer> numHeads = Optional.empty();

  @Option(names = "--json", description = "Report as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Request request =
        new Request(
            in,
            out,
            weights,
            dtype.map(p -> p.dtype),
            layout,
            numHeads.map(OptionalInt::of).orElseGet(OptionalInt::empty));
    try {
      OutputPaths.checkApart(out, List.of(in));
      Converter.check(request);
    } catch (JditException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    Result result = Converter.convert(request);
    result.remarks().forEach(a -> spec.commandLine().getErr().println("jdit: " + a));
    var print = spec.commandLine().getOut();
    if (json) {
      Map<String, Object> report = new LinkedHashMap<>();
      report.put("out", result.out().toString());
      report.put("tensors", result.tensors());
      report.put("metadata", result.metadata());
      print.println(JsonMapper.shared().writeValueAsString(report));
    } else {
      print.printf(
          "%s: %d tensors%s%n",
          result.out(),
          result.tensors(),
          dtype.map(p -> " in " + p.name().toLowerCase(Locale.ROOT)).orElse(""));
    }
    return 0;
  }
}
