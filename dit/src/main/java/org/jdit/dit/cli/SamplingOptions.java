package org.jdit.dit.cli;

import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jdit.diffusion.sampler.Samplers;
import org.jdit.dit.sample.Guidance;
import org.jdit.dit.sample.SampleRequest;
import org.jdit.tensor.JditException;
import picocli.CommandLine.Option;

/** The options that say what is sampled, and how. */
final class SamplingOptions {
  /**
   * What holds where the user says nothing.
   *
   * @param sampler a name of {@link Samplers}
   * @param steps number of steps
   * @param cfgScale guidance scale
   */
  record Defaults(String sampler, String steps, double cfgScale) {
    /** Those of the official sample.py. */
    static final Defaults OFFICIAL = new Defaults("ddpm", "250", 4);

    /** Few steps do for small drawings, and a little guidance. */
    static final Defaults DEMO = new Defaults("ddim", "20", 2);
  }

  /** The samplers, for {@code --help} and completion. */
  static final class SamplerNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Samplers.all().stream().map(Samplers.Entry::name).iterator();
    }
  }

  @Option(
      names = "--class-labels",
      paramLabel = "LIST",
      description =
          "Classes, separated by commas: numbers, or names: ImageNet's, such as \"golden "
              + "retriever\", or the demo model's. Default: the official eight, "
              + "207,360,387,974,88,979,417,279; the first eight of a model with other classes; "
              + "four of each class of the demo model.")
  private Optional<String> classLabels = Optional.empty();

  @Option(
      names = "--cfg-scale",
      paramLabel = "X",
      description =
          "Classifier-free guidance scale; 1 samples without guidance. Default: 4, the official "
              + "one, or 2 for the demo model.")
  private Optional<Double> cfgScale = Optional.empty();

  @Option(
      names = "--cfg-channels",
      paramLabel = "N|all",
      description =
          "Latent channels under guidance. Default: 3 as in the official code, all for checkpoints "
              + "that come from diffusers, as there.")
  private Optional<String> cfgChannels = Optional.empty();

  @Option(
      names = "--cfg-interval",
      defaultValue = "0,1",
      paramLabel = "FROM,TO",
      description =
          "Guide only in this part of the chain, 0 where it has no noise and 1 where it has nothing"
              + " else, such as 0.1,0.7; elsewhere a step costs half. Default: ${DEFAULT-VALUE}.")
  private String cfgInterval;

  @Option(
      names = "--num-sampling-steps",
      paramLabel = "N",
      description =
          "Sampling steps; for ddpm and ddim also a list for sections such as 10,15,20, or ddimN. "
              + "Default: 250, or 20 for the demo model.")
  private Optional<String> steps = Optional.empty();

  @Option(
      names = "--sampler",
      paramLabel = "NAME",
      completionCandidates = SamplerNames.class,
      description =
          "One of ${COMPLETION-CANDIDATES}. Default: ddpm, the official one, or ddim for the demo "
              + "model.")
  private Optional<String> sampler = Optional.empty();

  @Option(
      names = "--eta",
      defaultValue = "0",
      paramLabel = "X",
      description = "Noise of ddim, 0 to 1. Default: ${DEFAULT-VALUE}.")
  private double eta;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "S",
      description = "Seed of the noise, as torch.manual_seed. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--batch",
      defaultValue = "0",
      paramLabel = "N",
      description = "Images at once, to save memory; 0 for all. Default: ${DEFAULT-VALUE}.")
  private int batch;

  /**
   * What is asked for.
   *
   * @param labels of the images
   * @param channels of what the network works on
   * @throws JditException if an option is out of its range
   */
  SampleRequest request(Defaults defaults, List<Integer> labels, int channels) {
    String name = sampler.orElse(defaults.sampler());
    if (Samplers.all().stream().noneMatch(e -> e.name().equals(name))) {
      throw new JditException(
          "no sampler is called %s; there are %s"
              .formatted(name, String.join(", ", new SamplerNames())));
    }
    return new SampleRequest(
        labels,
        name,
        steps.orElse(defaults.steps()),
        eta,
        guidance(defaults, channels),
        seed,
        batch);
  }

  /** The classes asked for, if any. */
  Optional<List<Integer>> labels(ClassLabels classes) {
    return classLabels.map(classes::parse);
  }

  private Guidance guidance(Defaults defaults, int channels) {
    double scale = cfgScale.orElse(defaults.cfgScale());
    String[] ends = cfgInterval.split(",", -1);
    try {
      if (ends.length == 2) {
        return new Guidance(
            scale,
            guidedChannels(channels),
            Double.parseDouble(ends[0]),
            Double.parseDouble(ends[1]));
      }
    } catch (NumberFormatException _) {
      // Refused below, with all other texts that are no two numbers.
    }
    throw new JditException(
        "--cfg-interval is two numbers such as 0.1,0.7, not '%s'".formatted(cfgInterval));
  }

  private OptionalInt guidedChannels(int all) {
    if (cfgChannels.isEmpty()) {
      return OptionalInt.empty();
    }
    String wanted = cfgChannels.get();
    if (wanted.equals("all")) {
      return OptionalInt.of(all);
    }
    if (!wanted.matches("\\d{1,4}")) {
      throw new JditException("--cfg-channels is a number or 'all', not '" + wanted + "'");
    }
    return OptionalInt.of(Integer.parseInt(wanted));
  }
}
