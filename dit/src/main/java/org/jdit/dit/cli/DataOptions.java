package org.jdit.dit.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jdit.dit.data.FeatureFolder;
import org.jdit.dit.data.LatentShards;
import org.jdit.dit.data.PixelSet;
import org.jdit.dit.data.TrainingSet;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.Space;
import org.jdit.dit.sample.Model;
import org.jdit.tensor.JditException;
import picocli.CommandLine.Option;

/** The options of {@code jdit train} that say what to train on. */
final class DataOptions {
  @Option(
      names = "--data-path",
      paramLabel = "DIR",
      description = "Folder with a folder of images for each class.")
  private Optional<Path> images = Optional.empty();

  @Option(
      names = "--feature-path",
      paramLabel = "DIR",
      description =
          "Latents extracted beforehand: what 'jdit extract-features' or fast-DiT's script wrote.")
  private Optional<Path> features = Optional.empty();

  @Option(
      names = "--vae",
      defaultValue = "ema",
      paramLabel = "WHICH",
      description =
          "Autoencoder that --sample-every decodes with: mse or ema (Stability AI's, downloaded to"
              + " a cache), a weights file, or a directory of diffusers. Default:"
              + " ${DEFAULT-VALUE}.")
  private String vae;

  @Option(
      names = "--num-workers",
      defaultValue = "1",
      paramLabel = "N",
      description = "Threads that read the data while a step runs. Default: ${DEFAULT-VALUE}.")
  private int workers;

  @Option(
      names = "--skip-unreadable",
      description = "Leave out images that cannot be read; otherwise they are named and refused.")
  private boolean skipUnreadable;

  int workers() {
    return workers;
  }

  Path path() {
    return images.or(() -> features).orElseThrow();
  }

  /**
   * Checks what can be checked without the data.
   *
   * @throws JditException if options contradict each other
   */
  void check(Space space) {
    if (images.isPresent() == features.isPresent()) {
      throw new JditException("give --data-path or --feature-path, and not both");
    }
    if (workers < 1) {
      throw new JditException("--num-workers is 1 or more, not " + workers);
    }
    if (space == Space.PIXEL && features.isPresent()) {
      throw new JditException("--feature-path holds latents; give --data-path with --space pixel");
    }
    if (space == Space.LATENT && images.isPresent()) {
      throw new JditException(
          "to train on latents of images, extract them first: jdit extract-features --data-path "
              + images.get()
              + ", then give --feature-path; or train on pixels with --space pixel");
    }
  }

  /**
   * Opens the data.
   *
   * @throws JditException if they are missing, or an image cannot be read
   */
  TrainingSet open(int imageSize, boolean flips, PrintWriter err) {
    return features.isPresent()
        ? features(features.get(), flips)
        : new PixelSet(Pictures.in(images.orElseThrow(), skipUnreadable, err), imageSize, flips);
  }

  private static TrainingSet features(Path directory, boolean flips) {
    if (!Files.isDirectory(directory)) {
      throw new JditException("there is no folder of features " + directory);
    }
    if (LatentShards.areIn(directory)) {
      return LatentShards.open(directory, flips);
    }
    if (!FeatureFolder.isIn(directory)) {
      throw new JditException(
          directory + " holds no features: extract them with jdit extract-features");
    }
    if (!flips) {
      throw new JditException(
          "the features in %s were mirrored at random when they were extracted: leave --no-flip out"
              .formatted(directory));
    }
    return FeatureFolder.open(directory);
  }

  /** The autoencoder for previews. */
  Model.Autoencoder autoencoder(DiTConfig config, PrintWriter err) {
    Path path = Autoencoders.locate(vae, OfficialFiles.from(OfficialFiles.environmentUrl(), err));
    return Model.openAutoencoder(path, config, path());
  }
}
