package org.jdit.dit.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jdit.diffusion.DiffusionOptions;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.dit.data.TrainingSet;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.DiTInit;
import org.jdit.dit.model.Recognition;
import org.jdit.dit.sample.MemoryEstimate;
import org.jdit.dit.sample.Model;
import org.jdit.dit.train.Seeds.Purpose;
import org.jdit.dit.train.log.TrainLog;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.autodiff.Autodiff.InnerValues;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.random.TorchGenerator;
import org.jdit.tensor.spi.Backend;

/**
 * A training, which leaves its results in a directory: {@code checkpoints/}, {@code samples/}, the
 * logs and the plot of the loss.
 */
public final class Training implements AutoCloseable {
  private static final String LABELS = "y_embedder.embedding_table.weight";

  private final Backend backend;
  private final TrainSettings settings;
  private final Seeds seeds;
  private final Trainer trainer;
  private final BatchLoader batches;
  private final Optional<Validation> validation;

  /**
   * Prepares a training; {@link #start} or {@link #resume} comes next.
   *
   * @param set stays the caller's to close
   * @param innerValues whether the blocks' inner values are kept for the gradient
   * @param workers threads that read examples
   * @throws JditException if the data do not fit the network or the batch, or memory is short
   */
  public Training(
      Backend backend,
      TrainSettings settings,
      TrainingSet set,
      InnerValues innerValues,
      int workers) {
    this.backend = backend;
    this.settings = settings;
    seeds = new Seeds(settings.seed());
    DiTConfig c = settings.config();
    check(set, c);
    long[] order = seeds.torch(Purpose.SPLIT, 0).randperm(set.size());
    int[] shuffled = Arrays.stream(order).mapToInt(i -> (int) i).toArray();
    int held = heldBack(settings.validationShare(), set.size());
    int[] trained = IntStream.range(held, shuffled.length).map(i -> shuffled[i]).sorted().toArray();
    checkCount(trained.length, settings.batch(), "the data to train on");
    TrainStep step =
        new TrainStep(
            c,
            GaussianDiffusion.create(DiffusionOptions.DEFAULT.withLearnSigma(c.learnSigma())),
            settings.recipe(innerValues),
            settings.portion());
    need(step).require(MemoryEstimate.availableBytes());
    trainer = new Trainer(backend, step);
    batches =
        new BatchLoader(
            held == 0 ? set : set.subset(trained),
            settings.batch(),
            seeds,
            new BatchLoader.Dropout(c.classDropoutProb(), c.numClasses()),
            workers);
    validation =
        held == 0
            ? Optional.empty()
            : Optional.of(validation(set, Arrays.copyOf(shuffled, held), workers));
  }

  private Validation validation(TrainingSet set, int[] held, int workers) {
    checkCount(held.length, settings.portion(), "the data held back for validation");
    return new Validation(trainer, set.subset(held), settings.portion(), seeds, workers);
  }

  /** How many of some examples a share is that is held back for validation. */
  public static int heldBack(double share, int examples) {
    return (int) (share * examples);
  }

  /** The memory that steps need: state, and activations as they are planned. */
  private static MemoryEstimate need(TrainStep step) {
    MemoryEstimate update = MemoryEstimate.of(step.update());
    long state = (long) step.state().size() * step.parameters().spec().bytes();
    return new MemoryEstimate(update.weights() + state, update.activations());
  }

  private static void check(TrainingSet set, DiTConfig c) {
    Shape wanted = Shape.of(c.inChannels(), c.inputSize(), c.inputSize());
    if (!set.shape().equals(wanted)) {
      throw new JditException(
          "the data are of shape %s, but the network takes %s: choose another --image-size or --space"
              .formatted(set.shape(), wanted));
    }
    if (set.numClasses() > c.numClasses()) {
      throw new JditException(
          "the data have %d classes, but the network %d: leave --num-classes out"
              .formatted(set.numClasses(), c.numClasses()));
    }
  }

  private static void checkCount(int count, int batch, String what) {
    if (count < batch) {
      throw new JditException(
          "%s have %d examples, fewer than a batch of %d: choose a smaller --global-batch-size"
              .formatted(what, count, batch));
    }
  }

  /** Number of parameters that are trained. */
  public long parameters() {
    return TrainStep.parameters(settings.config()).size();
  }

  /** Bytes of buffers and state. */
  public long bytes() {
    return trainer.bytes();
  }

  /** Draws the first weights as the official constructor does. */
  public Start start() {
    try (TensorScope scope = TensorScope.open(backend.memory())) {
      trainer.start(
          DiTInit.official(settings.config(), new TorchGenerator(settings.seed()), scope));
    }
    return new Start(Progress.NONE);
  }

  /**
   * Takes the first weights from a file. A label table for other classes keeps the rows of the
   * classes that both have, and that of the null class if both have one.
   *
   * @throws JditException if it does not fit the network
   */
  public Start startFrom(TensorFile file) {
    try (TensorScope scope = TensorScope.open(backend.memory())) {
      Map<String, Tensor> drawn =
          DiTInit.official(settings.config(), new TorchGenerator(settings.seed()), scope);
      Map<String, Tensor> weights = new HashMap<>();
      drawn.forEach((key, fresh) -> weights.put(key, taken(file, key, fresh, scope)));
      weights.put(LABELS, labels(file, drawn.get(LABELS), scope));
      trainer.start(weights);
    }
    return new Start(Progress.NONE);
  }

  private static Tensor taken(TensorFile file, String key, Tensor fresh, TensorScope scope) {
    if (!file.tensors().containsKey(key)) {
      throw new JditException(
          "%s has no %s, so training cannot begin with it".formatted(file.source(), key));
    }
    Tensor old = file.map(key, scope);
    if (old.shape().equals(fresh.shape())) {
      return scope.copy(old, fresh.dtype());
    }
    if (key.equals(LABELS) && old.shape().rank() == 2 && old.dim(1) == fresh.dim(1)) {
      return old;
    }
    throw new JditException(
        "%s has %s as %s, but the network needs %s"
            .formatted(file.source(), key, old.shape(), fresh.shape()));
  }

  private Tensor labels(TensorFile file, Tensor fresh, TensorScope scope) {
    OptionalInt heads = OptionalInt.of(settings.config().numHeads());
    DiTConfig theirs =
        Recognition.of(file, new Recognition.Wishes(Optional.empty(), OptionalInt.empty(), heads))
            .config();
    DiTConfig ours = settings.config();
    float[] from = file.map(LABELS, scope).toFloats();
    float[] rows = fresh.toFloats();
    int width = fresh.dim(1);
    int shared = Math.min(theirs.numClasses(), ours.numClasses());
    System.arraycopy(from, 0, rows, 0, shared * width);
    if (theirs.hasNullClass() && ours.hasNullClass()) {
      System.arraycopy(from, theirs.nullClass() * width, rows, ours.nullClass() * width, width);
    }
    return scope.of(fresh.shape(), rows);
  }

  /**
   * Loads a checkpoint.
   *
   * @throws JditException if it is of a training with other settings, or damaged
   */
  public Start resume(Path checkpoint) {
    return new Start(Checkpoints.restore(checkpoint, trainer, settings));
  }

  /** Where the checkpoints of a results' directory lie. */
  public static Path checkpoints(Path directory) {
    return directory.resolve("checkpoints");
  }

  /** The latest checkpoint in a results' directory. */
  public static Optional<Path> latest(Path directory) {
    return new Checkpoints(checkpoints(directory), 1).latest();
  }

  /** A training with weights, ready to run. */
  public final class Start {
    private final Progress from;

    private Start(Progress from) {
      this.from = from;
    }

    /** Steps made before. */
    public long step() {
      return from.step();
    }

    /**
     * Trains.
     *
     * @param directory the results' directory, which exists
     * @param keep how many checkpoints are kept
     * @param autoencoder decodes previews of a network that works on latents
     * @param log hears how it goes
     * @param stop asked after each step whether to stop
     * @throws JditException if a gradient is not finite, an example cannot be read, or a file
     *     cannot be written
     */
    public TrainingRun.End run(
        Path directory,
        TrainingRun.Schedule schedule,
        int keep,
        Optional<Model.Autoencoder> autoencoder,
        TrainLog log,
        BooleanSupplier stop) {
      try {
        Files.createDirectories(checkpoints(directory));
        Files.createDirectories(directory.resolve("samples"));
      } catch (IOException e) {
        throw new JditException("cannot write to %s: %s".formatted(directory, e.getMessage()), e);
      }
      return new TrainingRun(
              settings,
              schedule,
              trainer,
              batches,
              validation,
              new SamplePreview(backend, settings, autoencoder, directory.resolve("samples")),
              new Checkpoints(checkpoints(directory), keep),
              directory,
              log)
          .run(from, stop);
    }
  }

  @Override
  public void close() {
    validation.ifPresent(Validation::close);
    batches.close();
    trainer.close();
  }
}
