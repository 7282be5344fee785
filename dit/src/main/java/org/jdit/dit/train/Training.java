package org.jdit.dit.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import org.jdit.diffusion.DiffusionOptions;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.dit.data.TrainingSet;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.DiTInit;
import org.jdit.dit.model.Recognition;
import org.jdit.dit.sample.MemoryEstimate;
import org.jdit.dit.sample.Model;
import org.jdit.dit.train.log.TrainLog;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.autodiff.Autodiff.InnerValues;
import org.jdit.tensor.io.AtomicFile;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.random.TorchGenerator;
import org.jdit.tensor.spi.Backend;

/**
 * A training, which leaves its results in a directory: {@code checkpoints/}, {@code samples/}, the
 * logs and the plot of the loss.
 */
public final class Training implements AutoCloseable {
  private static final String LABELS = "y_embedder.embedding_table.weight";
  private static final String HEADS = "num_heads";

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
    Split split = Split.of(set, settings.validationShare(), seeds);
    checkCount(split.trained().size(), settings.batch(), "the data to train on");
    split
        .held()
        .ifPresent(
            h -> checkCount(h.size(), settings.portion(), "the data held back for validation"));
    TrainStep step =
        new TrainStep(
            c,
            GaussianDiffusion.create(
                DiffusionOptions.DEFAULT
                    .withLearnSigma(c.learnSigma())
                    .withPredictXStart(settings.predictXStart())),
            settings.recipe(innerValues),
            settings.portion());
    need(step, split.held().isPresent())
        .require(
            MemoryEstimate.availableBytes(),
            "choose a smaller --global-batch-size, a larger --accumulate, or --grad-checkpoint");
    trainer = new Trainer(backend, step);
    batches =
        new BatchLoader(
            split.trained(),
            settings.batch(),
            seeds,
            new BatchLoader.Dropout(c.classDropoutProb(), c.numClasses()),
            workers);
    validation = split.held().map(h -> new Validation(trainer, h, settings, seeds, workers));
  }

  /** How many of some examples a share is that is held back for validation. */
  public static int heldBack(double share, int examples) {
    return Split.count(share, examples);
  }

  /**
   * The memory that a training needs: its state, what is copied of it to be saved, and the buffers
   * of all that is compiled, as they are planned.
   */
  static MemoryEstimate need(TrainStep step, boolean validates) {
    List<Program> programs = new ArrayList<>(step.programs());
    if (validates) {
      programs.add(step.evaluation(TrainStep.PARAMETERS));
      programs.add(step.evaluation(TrainStep.EMA));
    }
    long vectors = (long) step.state().size() + StateCopies.AT_ONCE;
    long weights = vectors * step.parameters().spec().bytes();
    long buffers = 0;
    for (Program p : programs) {
      MemoryEstimate one = MemoryEstimate.of(p);
      weights += one.weights();
      buffers += one.activations();
    }
    return new MemoryEstimate(weights, buffers);
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
   * Takes the first weights from a file. A label table of another size keeps the rows of the
   * classes that both have, and that of the null class if both have one.
   *
   * @throws JditException if it does not fit the network
   */
  public Start startFrom(TensorFile file) {
    checkHeads(file);
    checkPrediction(file);
    try (TensorScope scope = TensorScope.open(backend.memory())) {
      Map<String, Tensor> drawn =
          DiTInit.official(settings.config(), new TorchGenerator(settings.seed()), scope);
      Map<String, Tensor> weights = new HashMap<>();
      drawn.forEach((key, fresh) -> weights.put(key, taken(file, key, fresh, scope)));
      trainer.start(weights);
    }
    return new Start(Progress.NONE);
  }

  /** Names and shapes do not tell the number of heads, so other weights would fit. */
  private void checkHeads(TensorFile file) {
    String ours = Integer.toString(settings.config().numHeads());
    String theirs = file.metadata().getOrDefault(HEADS, ours);
    if (!theirs.equals(ours)) {
      throw new JditException(
          "%s has %s attention heads, but the network %s: choose a --model with as many"
              .formatted(file.source(), theirs, ours));
    }
  }

  private void checkPrediction(TensorFile file) {
    String ours = Boolean.toString(settings.predictXStart());
    String theirs = file.metadata().getOrDefault(Recognition.PREDICT_XSTART, "false");
    if (!theirs.equalsIgnoreCase(ours)) {
      throw new JditException(
          settings.predictXStart()
              ? "%s predicts the noise: leave --predict-xstart out".formatted(file.source())
              : "%s predicts the image: give --predict-xstart".formatted(file.source()));
    }
  }

  private Tensor taken(TensorFile file, String key, Tensor fresh, TensorScope scope) {
    if (!file.tensors().containsKey(key)) {
      throw new JditException(
          "%s has no %s, so training cannot begin with it".formatted(file.source(), key));
    }
    Tensor old = file.map(key, scope);
    if (old.shape().equals(fresh.shape())) {
      return scope.copy(old, fresh.dtype());
    }
    if (key.equals(LABELS) && old.shape().rank() == 2 && old.dim(1) == fresh.dim(1)) {
      return labels(file, old, fresh, scope);
    }
    throw new JditException(
        "%s has %s as %s, but the network needs %s"
            .formatted(file.source(), key, old.shape(), fresh.shape()));
  }

  private Tensor labels(TensorFile file, Tensor old, Tensor fresh, TensorScope scope) {
    DiTConfig ours = settings.config();
    OptionalInt heads = OptionalInt.of(ours.numHeads());
    DiTConfig theirs =
        Recognition.of(file, new Recognition.Wishes(Optional.empty(), OptionalInt.empty(), heads))
            .config();
    float[] from = old.toFloats();
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
      Path samples = directory.resolve("samples");
      try {
        Files.createDirectories(checkpoints(directory));
        Files.createDirectories(samples);
      } catch (IOException e) {
        throw new JditException("cannot write to %s: %s".formatted(directory, e.getMessage()), e);
      }
      // A training that was killed while it wrote may never write the same file again.
      List.of(directory, checkpoints(directory), samples).forEach(AtomicFile::clearLeftovers);
      return new TrainingRun(
              settings,
              schedule,
              trainer,
              batches,
              validation,
              new SamplePreview(backend, settings, autoencoder, samples),
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
