package org.jdit.dit.cli;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jdit.diffusion.loss.MinSnr;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.Space;
import org.jdit.dit.train.TrainSettings;
import org.jdit.dit.train.TrainSettings.Timesteps;
import org.jdit.nn.optim.Ema;
import org.jdit.tensor.JditException;
import org.jdit.tensor.spi.Precision;
import picocli.CommandLine.Option;

/** The options of {@code jdit train} that its numbers depend on. */
final class TrainOptions {
  /** An average over so many of its horizons has forgotten where it began. */
  private static final int HORIZONS = 10;

  private static final int LATENT_DOWNSAMPLING = 8;

  /** What an average does in its first steps. */
  enum WarmUp {
    AUTO,
    YES,
    NO
  }

  @Option(
      names = "--model",
      defaultValue = "DiT-XL/2",
      paramLabel = "NAME",
      description =
          "A network of the paper, DiT-S/8 to DiT-XL/2, or WIDTHxDEPTHxHEADS/PATCH such as "
              + "160x6x4/4. Default: ${DEFAULT-VALUE}.")
  private String model;

  @Option(
      names = "--space",
      defaultValue = "latent",
      paramLabel = "latent|pixel",
      description =
          "Whether the network works on latents of the autoencoder or on pixels themselves, for "
              + "small images. Default: ${DEFAULT-VALUE}.")
  private Space space;

  @Option(
      names = "--image-size",
      defaultValue = "256",
      paramLabel = "N",
      description = "Pixels along a side. Default: ${DEFAULT-VALUE}.")
  private int imageSize;

  @Option(
      names = "--num-classes",
      paramLabel = "N",
      description = "Classes without the null class. Default: those of the data.")
  private Optional<Integer> numClasses = Optional.empty();

  @Option(
      names = "--class-dropout",
      defaultValue = "0.1",
      paramLabel = "P",
      description =
          "Share of labels replaced by the null class, which guidance needs. "
              + "Default: ${DEFAULT-VALUE}.")
  private double classDropout;

  @Option(
      names = "--global-seed",
      defaultValue = "0",
      paramLabel = "S",
      description = "Seed of weights, order, noise and all else. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--global-batch-size",
      defaultValue = "256",
      paramLabel = "N",
      description = "Images in a step. Default: ${DEFAULT-VALUE}.")
  private int batch;

  @Option(
      names = "--accumulate",
      defaultValue = "1",
      paramLabel = "K",
      description =
          "Compute a batch in K portions and add up their gradients, to save memory. "
              + "Default: ${DEFAULT-VALUE}.")
  private int accumulate;

  @Option(
      names = "--lr",
      defaultValue = "1e-4",
      paramLabel = "X",
      description = "Learning rate of AdamW. Default: ${DEFAULT-VALUE}.")
  private double learningRate;

  @Option(
      names = "--lr-warmup",
      defaultValue = "0",
      paramLabel = "STEPS",
      description = "Steps over which the learning rate rises from 0. Default: ${DEFAULT-VALUE}.")
  private int warmUp;

  @Option(
      names = "--weight-decay",
      defaultValue = "0",
      paramLabel = "X",
      description = "Weight decay of AdamW. Default: ${DEFAULT-VALUE}.")
  private double weightDecay;

  @Option(
      names = "--ema-decay",
      defaultValue = "0.9999",
      paramLabel = "X",
      description = "How much of the weights' moving average stays. Default: ${DEFAULT-VALUE}.")
  private double emaDecay;

  @Option(
      names = "--ema-warmup",
      defaultValue = "auto",
      paramLabel = "auto|yes|no",
      description =
          "Whether the average begins with a smaller decay, min(decay, (1+n)/(10+n)); auto does if "
              + "the training is shorter than ten of its horizons 1/(1-decay).")
  private WarmUp emaWarmUp;

  @Option(
      names = "--clip-norm",
      paramLabel = "X",
      description = "Limit on the norm of the gradient. Default: none.")
  private Optional<Double> clipNorm = Optional.empty();

  @Option(
      names = "--predict-xstart",
      description =
          "The network predicts the clean image, not the noise: in pixels this learns shapes much "
              + "sooner.")
  private boolean predictXStart;

  @Option(
      names = "--no-learn-sigma",
      description = "The network predicts no variance; ddpm then takes the schedule's.")
  private boolean noLearnSigma;

  @Option(
      names = "--schedule-sampler",
      defaultValue = "uniform",
      paramLabel = "NAME",
      description =
          "How timesteps are chosen: uniform or loss-second-moment. Default: ${DEFAULT-VALUE}.")
  private String scheduleSampler;

  @Option(
      names = "--snr-gamma",
      paramLabel = "G",
      description =
          "Weigh the losses by min(SNR, G) of their timesteps, divided by SNR if the network "
              + "predicts noise (min-SNR; its paper takes 5), which teaches the shape of pictures "
              + "sooner. Default: all alike.")
  private Optional<Double> snrGamma = Optional.empty();

  @Option(
      names = "--val-split",
      defaultValue = "0",
      paramLabel = "P",
      description =
          "Share of the data held back; its loss is measured at every checkpoint, on the first 16 "
              + "batches of it at most. Default: ${DEFAULT-VALUE}.")
  private double validationShare;

  @Option(names = "--no-flip", description = "Do not mirror images at random.")
  private boolean noFlip;

  Space space() {
    return space;
  }

  int imageSize() {
    return imageSize;
  }

  int batch() {
    return batch;
  }

  boolean flips() {
    return !noFlip;
  }

  double validationShare() {
    return validationShare;
  }

  /**
   * The network, as far as it is known without data.
   *
   * @throws JditException if there is none of that name or size
   */
  DiTConfig config(int dataClasses) {
    if (space == Space.LATENT && imageSize % LATENT_DOWNSAMPLING != 0) {
      throw new JditException(
          "--image-size %d is no multiple of %d, which the autoencoder divides it by"
              .formatted(imageSize, LATENT_DOWNSAMPLING));
    }
    int side = space == Space.PIXEL ? imageSize : imageSize / LATENT_DOWNSAMPLING;
    return DiTConfig.parse(model, side, space == Space.PIXEL ? 3 : 4)
        .with(numClasses.orElse(dataClasses), classDropout)
        .withLearnSigma(!noLearnSigma);
  }

  /**
   * The settings.
   *
   * @param data what the data are, in words
   * @param maxSteps the last step, which the average's warm-up depends on
   * @param precision of the backend
   * @throws JditException if one is out of range
   */
  TrainSettings settings(String data, int dataClasses, long maxSteps, Precision precision) {
    boolean warm =
        switch (emaWarmUp) {
          case YES -> true;
          case NO -> false;
          case AUTO -> maxSteps < HORIZONS / (1 - emaDecay);
        };
    return new TrainSettings(
        config(dataClasses),
        data,
        space,
        seed,
        batch,
        accumulate,
        learningRate,
        warmUp,
        weightDecay,
        ema(warm),
        clipNorm.map(OptionalDouble::of).orElseGet(OptionalDouble::empty),
        predictXStart,
        timesteps(),
        snrGamma.map(MinSnr::new),
        validationShare,
        !noFlip,
        precision);
  }

  private Ema ema(boolean warm) {
    if (!(emaDecay >= 0 && emaDecay < 1)) {
      throw new JditException("--ema-decay is from 0 to below 1, not " + emaDecay);
    }
    return new Ema(emaDecay, warm);
  }

  private Timesteps timesteps() {
    for (Timesteps t : Timesteps.values()) {
      if (t.name().toLowerCase(Locale.ROOT).replace('_', '-').equals(scheduleSampler)) {
        return t;
      }
    }
    throw new JditException(
        "--schedule-sampler is uniform or loss-second-moment, not '%s'".formatted(scheduleSampler));
  }

  /** The model's name as a part of a file's. */
  String fileName() {
    return model.replace('/', '-');
  }
}
