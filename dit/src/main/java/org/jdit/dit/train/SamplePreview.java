package org.jdit.dit.train;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jdit.dit.image.ImageGrid;
import org.jdit.dit.image.Png;
import org.jdit.dit.model.Recognition;
import org.jdit.dit.sample.DitPipeline;
import org.jdit.dit.sample.Listener;
import org.jdit.dit.sample.MemoryEstimate;
import org.jdit.dit.sample.Model;
import org.jdit.dit.sample.SampleRequest;
import org.jdit.dit.sample.Samples;
import org.jdit.dit.train.log.TensorBoardFile;
import org.jdit.tensor.io.AtomicFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.spi.Backend;

/**
 * Grids of samples of the weights and of their average, always from the same noise, in {@code
 * samples/} and on the TensorBoard. The network sees as many at once as in training.
 *
 * @param backend draws them
 * @param settings of the training
 * @param autoencoder decodes latents; empty for a network that works on pixels
 * @param directory where the pictures go
 */
record SamplePreview(
    Backend backend,
    TrainSettings settings,
    Optional<Model.Autoencoder> autoencoder,
    Path directory)
    implements TrainingRun.Preview {
  private static final int MOST_CLASSES = 16;
  private static final int ROWS = 4;
  private static final String STEPS = "25";
  private static final double GUIDANCE = 2;

  @Override
  public void draw(Trainer trainer, long step, TensorBoardFile board) {
    for (String vector : List.of(TrainStep.PARAMETERS, TrainStep.EMA)) {
      String name = vector.equals(TrainStep.EMA) ? "ema" : "model";
      byte[] png = png(grid(trainer, vector));
      AtomicFile.write(directory.resolve("%07d_%s.png".formatted(step, name)), png);
      board.image("samples/" + name, step, Instant.now(), png);
    }
  }

  /** A column for each of the first classes. */
  private BufferedImage grid(Trainer trainer, String vector) {
    int columns = Math.min(MOST_CLASSES, settings.config().numClasses());
    List<Integer> labels = IntStream.range(0, ROWS * columns).mapToObj(i -> i % columns).toList();
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Model model =
          new Model(
              VectorWeights.of(trainer, settings, vector, scope),
              new Recognition(
                  settings.config(), settings.space(), settings.predictXStart(), List.of()),
              autoencoder);
      try (DitPipeline pipeline = new DitPipeline(backend, model)) {
        boolean guided = settings.config().hasNullClass();
        SampleRequest request =
            SampleRequest.of(labels.toArray(Integer[]::new))
                .with("ddim", STEPS)
                .withGuidance(guided ? GUIDANCE : 1)
                .withSeed(settings.seed())
                .withBatch(settings.portion());
        pipeline
            .estimate(request)
            .require(
                MemoryEstimate.availableBytes(), "leave --sample-every out, or give --accumulate");
        Samples s = pipeline.sample(request, Listener.NONE);
        return ImageGrid.draw(
            s.images(), labels.size(), s.imageShape().dim(2), s.imageShape().dim(3), columns);
      }
    }
  }

  private static byte[] png(BufferedImage image) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      Png.write(image, Map.of("Software", "JDiT"), bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
