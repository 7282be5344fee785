package org.jdit.bench.cli;

import org.jdit.dit.model.DiTConfig;
import picocli.CommandLine.Option;

/** The options of a network with random weights. */
final class Network {
  private static final int CHANNELS = 4;

  @Option(
      names = "--model",
      defaultValue = "DiT-XL/2",
      paramLabel = "NAME",
      description =
          "A network of the paper, or WIDTHxDEPTHxHEADS/PATCH such as 384x12x6/2. "
              + "Default: ${DEFAULT-VALUE}.")
  private String model;

  @Option(
      names = "--latents",
      defaultValue = "32",
      paramLabel = "N",
      description =
          "Side of the latents, an eighth of the image's in pixels. Default: ${DEFAULT-VALUE}.")
  private int latents;

  DiTConfig config() {
    return DiTConfig.parse(model, latents, CHANNELS);
  }
}
