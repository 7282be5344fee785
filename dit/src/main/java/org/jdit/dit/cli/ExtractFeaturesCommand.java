package org.jdit.dit.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jdit.dit.data.FeatureExtraction;
import org.jdit.dit.data.FeatureExtraction.Format;
import org.jdit.dit.data.ImageFolder;
import org.jdit.dit.sample.Model;
import org.jdit.tensor.JditException;
import org.jdit.tensor.spi.Backend;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code jdit extract-features}: from pictures to the latents that a DiT is trained on. */
@Command(
    name = "extract-features",
    sortOptions = false,
    description = {
      "Encodes images to latents, to train on with 'jdit train --feature-path'.",
      "",
      "safetensors keeps mean and standard deviation for each image and its mirror image, so that"
          + " training still draws and mirrors anew in every epoch. npy is fast-DiT's layout, whose"
          + " draw and mirroring are made once.",
      "",
      "Files appear complete, one by one. An extraction that was stopped goes on when the same"
          + " command is given again; --batch, --num-workers and the engine may change.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  jdit extract-features --data-path imagenet/train --features-path features",
      "  jdit train --feature-path features --model DiT-S/2 --global-batch-size 32"
    })
final class ExtractFeaturesCommand implements Callable<Integer> {
  @Option(
      names = "--data-path",
      required = true,
      paramLabel = "DIR",
      description = "Folder with a folder of images for each class.")
  private Path images;

  @Option(
      names = {"--features-path", "--feature-path"},
      required = true,
      paramLabel = "DIR",
      description = "Where the features go; a folder that is empty, or begun by this command.")
  private Path features;

  @Option(
      names = "--vae",
      defaultValue = "ema",
      paramLabel = "WHICH",
      description =
          "Autoencoder: mse or ema (Stability AI's, downloaded to a cache), a weights file, or a"
              + " directory of diffusers. Default: ${DEFAULT-VALUE}.")
  private String vae;

  @Option(
      names = "--image-size",
      defaultValue = "256",
      paramLabel = "N",
      description = "Pixels along a side, to which images are cropped. Default: ${DEFAULT-VALUE}.")
  private int imageSize;

  @Option(
      names = "--batch",
      defaultValue = "4",
      paramLabel = "N",
      description = "Images encoded at once. Default: ${DEFAULT-VALUE}.")
  private int batch;

  @Option(
      names = "--num-workers",
      defaultValue = "1",
      paramLabel = "N",
      description = "Threads that read images while others are encoded. Default: ${DEFAULT-VALUE}.")
  private int workers;

  @Option(
      names = "--format",
      defaultValue = "safetensors",
      paramLabel = "safetensors|npy",
      description = "Layout of the features. Default: ${DEFAULT-VALUE}.")
  private Format format;

  @Option(
      names = "--per-file",
      defaultValue = "1024",
      paramLabel = "N",
      description = "Images in a file of safetensors. Default: ${DEFAULT-VALUE}.")
  private int perFile;

  @Option(
      names = "--global-seed",
      defaultValue = "0",
      paramLabel = "S",
      description =
          "Seed of the draws and of the mirroring that npy makes. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--skip-unreadable",
      description = "Leave out images that cannot be read; otherwise they are named and refused.")
  private boolean skipUnreadable;

  @Mixin private EngineOptions engine;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    FeatureExtraction.Settings settings = settings();
    engine.check();
    ImageFolder listed = ImageFolder.of(images);
    OfficialFiles official =
        OfficialFiles.from(OfficialFiles.environmentUrl(), spec.commandLine().getErr());
    try (Model.Autoencoder autoencoder = Model.openAutoencoder(Autoencoders.locate(vae, official));
        Backend backend = engine.open()) {
      FeatureExtraction all =
          new FeatureExtraction(backend, autoencoder, listed, settings, batch, workers);
      // To read a million pictures takes hours: what can be refused before that is.
      if (all.isComplete(features, skipUnreadable)) {
        report(listed, 0);
      } else {
        ImageFolder folder = Pictures.in(images, skipUnreadable, spec.commandLine().getErr());
        ProgressBar progress = new ProgressBar(spec.commandLine().getErr(), "encoding");
        int count = folder.examples().size();
        int now =
            new FeatureExtraction(backend, autoencoder, folder, settings, batch, workers)
                .run(features, done -> progress.show(done, count));
        report(folder, now);
      }
      engine.report(backend.profile());
    }
    return 0;
  }

  private void report(ImageFolder folder, int now) {
    spec.commandLine()
        .getOut()
        .printf(
            "%s: features of %d images of %d classes, %d of them encoded now%n",
            features, folder.examples().size(), folder.classes().size(), now);
  }

  private FeatureExtraction.Settings settings() {
    try {
      FeatureExtraction.checkCounts(imageSize, batch, workers);
      return new FeatureExtraction.Settings(format, imageSize, perFile, seed);
    } catch (JditException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }
}
