package org.jdit.bench.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jdit.bench.EndToEnd;
import org.jdit.bench.Machine;
import org.jdit.bench.RandomModel;
import org.jdit.dit.cli.EngineOptions;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.vae.VaeConfig;
import org.jdit.tensor.JditException;
import org.jdit.tensor.spi.Backend;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** {@code jdit bench sample}: files to images. */
@Command(
    name = "sample",
    sortOptions = false,
    description = {
      "Times sampling with ddpm and guidance from weights files to images.",
      "",
      "Without --ckpt and --vae, a network of random weights and an autoencoder of Stable "
          + "Diffusion's sizes are written to temporary files first (DiT-XL/2: 3 GB).",
      ""
    },
    footer = {"", "Example:", "  jdit bench sample --model DiT-B/4 --steps 20"})
final class SampleCommand implements Callable<Integer> {
  private static final double MIB = 1 << 20;

  @Option(names = "--ckpt", paramLabel = "FILE", description = "The network's weights.")
  private Optional<Path> ckpt = Optional.empty();

  @Option(names = "--vae", paramLabel = "FILE", description = "The autoencoder's weights.")
  private Optional<Path> vae = Optional.empty();

  @Mixin private Network network;

  @Option(
      names = "--batch",
      defaultValue = "1",
      paramLabel = "N",
      description = "Images. Default: ${DEFAULT-VALUE}.")
  private int batch;

  @Option(
      names = "--steps",
      defaultValue = "10",
      paramLabel = "N",
      description = "Sampling steps, at least 2. Default: ${DEFAULT-VALUE}.")
  private int steps;

  @Mixin private EngineOptions engine;

  @Option(names = "--json", description = "Report as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Usage.check(spec, this::checked);
    DiTConfig config = Usage.check(spec, network::config);
    engine.check();
    try (Backend backend = engine.open()) {
      if (ckpt.isPresent()) {
        measure(backend, ckpt.get(), vae.orElseThrow());
      } else {
        try (RandomModel files = RandomModel.write(config, VaeConfig.STABLE_DIFFUSION)) {
          measure(backend, files.dit(), files.vae());
        }
      }
      engine.report(backend.profile());
    }
    return 0;
  }

  private SampleCommand checked() {
    Usage.positive("--batch", batch);
    Usage.atLeast(2, "--steps", steps);
    if (ckpt.isPresent() != vae.isPresent()) {
      throw new JditException("give both --ckpt and --vae, or neither for random weights");
    }
    ParseResult given = spec.commandLine().getParseResult();
    if (ckpt.isPresent()
        && (given.hasMatchedOption("--model") || given.hasMatchedOption("--latents"))) {
      throw new JditException(
          "--model and --latents are of random weights: leave them out with --ckpt");
    }
    return this;
  }

  private void measure(Backend backend, Path dit, Path autoencoder) {
    Map<String, Object> machine = Machine.describe(backend);
    machine.put("precision", engine.precision().toString());
    var figures = EndToEnd.measure(backend, dit, autoencoder, batch, steps);
    if (json) {
      Report.print(spec, machine, "sample", figures);
    } else {
      PrintWriter out = spec.commandLine().getOut();
      out.println(Machine.line(machine));
      figures.forEach((what, value) -> out.println(what + " " + text(value)));
    }
  }

  private static String text(Object value) {
    return switch (value) {
      case Double seconds -> "%.3f".formatted(seconds);
      case Long bytes -> "%.0f MiB".formatted(bytes / MIB);
      default -> value.toString();
    };
  }
}
