package org.jdit.bench.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.Numerics;
import picocli.CommandLine.Option;

/** The options of a network with random weights. */
final class Network {
  private static final Pattern CUSTOM =
      Pattern.compile("([1-9]\\d{0,4})x([1-9]\\d{0,2})x([1-9]\\d{0,2})/([1-9]\\d?)");
  private static final int CHANNELS = 4;
  private static final int CLASSES = 1000;

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
    Matcher custom = CUSTOM.matcher(model);
    if (!custom.matches()) {
      return DiTConfig.named(model, latents, CLASSES);
    }
    return new DiTConfig(
        latents,
        Integer.parseInt(custom.group(4)),
        CHANNELS,
        Integer.parseInt(custom.group(1)),
        Integer.parseInt(custom.group(2)),
        Integer.parseInt(custom.group(3)),
        4,
        DiTConfig.OFFICIAL_DROPOUT,
        CLASSES,
        true,
        Numerics.OFFICIAL);
  }
}
