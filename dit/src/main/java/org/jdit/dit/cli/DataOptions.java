package org.jdit.dit.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jdit.dit.data.FeatureFolder;
import org.jdit.dit.data.ImageFolder;
import org.jdit.dit.data.LatentShards;
import org.jdit.dit.data.PixelSet;
import org.jdit.dit.data.TrainingSet;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.Space;
import org.jdit.dit.sample.Model;
import org.jdit.tensor.JditException;
import org.jdit.weights.Checkpoint;
import org.jdit.weights.Checkpoint.Choice;
import picocli.CommandLine.Option;

/** The options of {@code jdit train} that say what to train on. */
final class DataOptions {
  private static final List<String> OFFICIAL_VAES = List.of("mse", "ema");

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
    if (features.isPresent()) {
      return LatentShards.areIn(features.get())
          ? LatentShards.open(features.get(), flips)
          : FeatureFolder.open(features.get());
    }
    return new PixelSet(readable(ImageFolder.of(images.orElseThrow()), err), imageSize, flips);
  }

  private ImageFolder readable(ImageFolder folder, PrintWriter err) {
    ProgressBar progress = new ProgressBar(err, "checking images");
    int count = folder.examples().size();
    var unreadable = folder.unreadable(done -> progress.show(done, count));
    if (unreadable.isEmpty()) {
      return folder;
    }
    String found =
        "%d of %d images cannot be read, such as: %s"
            .formatted(unreadable.size(), count, unreadable.getFirst().reason());
    if (!skipUnreadable) {
      throw new JditException(found + "; remove them, or leave them out with --skip-unreadable");
    }
    err.println("jdit: " + found + "; they are left out");
    Predicate<ImageFolder.Example> bad =
        e -> unreadable.stream().anyMatch(u -> u.file().equals(e.file()));
    return new ImageFolder(
        folder.root(), folder.classes(), folder.examples().stream().filter(bad.negate()).toList());
  }

  /** Words that tell these data from others, wherever they lie. */
  String describe(TrainingSet set) {
    StringBuilder names = new StringBuilder();
    if (set instanceof PixelSet pixels) {
      ImageFolder folder = pixels.folder();
      folder.examples().forEach(e -> names.append(folder.root().relativize(e.file())).append('\n'));
    } else {
      for (int i = 0; i < set.size(); i++) {
        names.append(set.label(i)).append('\n');
      }
    }
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(names.toString().getBytes(StandardCharsets.UTF_8));
      return "%d examples of %d classes, %s"
          .formatted(set.size(), set.numClasses(), HexFormat.of().formatHex(digest, 0, 6));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** The autoencoder for previews. */
  Model.Autoencoder autoencoder(DiTConfig config, PrintWriter err) {
    Path path =
        OFFICIAL_VAES.contains(vae)
            ? new OfficialFiles(
                    OfficialFiles.defaultCache(),
                    Optional.ofNullable(System.getenv("JDIT_OFFICIAL_URL")),
                    err,
                    file -> Checkpoint.open(file, Choice.AUTO).close())
                .vae(vae)
            : Path.of(vae);
    return Model.openAutoencoder(path, config, path());
  }
}
