package org.jdit.bench.cli;

import java.util.List;
import org.jdit.bench.Workload;
import org.jdit.dit.vae.VaeConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code jdit bench vae}: latents to images. */
@Command(
    name = "vae",
    sortOptions = false,
    description = {"Times the decoder of Stable Diffusion's autoencoder.", ""},
    footer = {"", "Example:", "  jdit bench vae --json"})
final class VaeCommand extends WorkloadCommand {
  @Option(
      names = "--latents",
      defaultValue = "32",
      paramLabel = "N",
      description =
          "Side of the latents, an eighth of the image's in pixels. Default: ${DEFAULT-VALUE}.")
  private int latents;

  @Option(
      names = "--batch",
      defaultValue = "1",
      paramLabel = "N",
      description = "Images. Default: ${DEFAULT-VALUE}.")
  private int batch;

  @Override
  List<Workload> workloads() {
    return List.of(
        Workload.decode(
            VaeConfig.STABLE_DIFFUSION,
            Usage.positive("--batch", batch),
            Usage.positive("--latents", latents)));
  }

  @Override
  int usualRepeats() {
    return 9;
  }
}
