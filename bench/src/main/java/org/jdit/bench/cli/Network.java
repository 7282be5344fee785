package org.jdit.bench.cli;

import org.jdit.dit.model.DiTConfig;
import picocli.CommandLine.Option;

/** The options of a network with random weights. */
final class Network {
  private static final int CHANNELS = 4;

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description =
          "A network of the paper, or WIDTHxDEPTHxHEADS/PATCH such as 384x12x6/2. "
              + "Default: ${DEFAULT-VALUE}.")
  private String model;

  @Option(
      names = "--latents",
      paramLabel = "N",
      description =
          "Side of the latents, an eighth of the image's in pixels. Default: ${DEFAULT-VALUE}.")
  private int latents;

  /** DiT-XL/2 for images of 256x256, if the user does not say. */
  Network() {
    this("DiT-XL/2", 32);
  }

  /** With defaults of its own. */
  Network(String model, int latents) {
    this.model = model;
    this.latents = latents;
  }

  int latents() {
    return Usage.positive("--latents", latents);
  }

  DiTConfig config() {
    return DiTConfig.parse(model, latents, CHANNELS);
  }
}
