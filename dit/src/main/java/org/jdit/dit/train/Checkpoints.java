package org.jdit.dit.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jdit.nn.optim.AdamW;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.AdamWSettings;
import org.jdit.weights.TrainingCheckpoint;
import org.jdit.weights.TrainingContents;
import org.jdit.weights.torch.SavedValue;

/**
 * The checkpoints of a training: {@code 0050000.pt} in the layout of the official train.py. Each
 * appears whole or not at all; the last few are kept.
 *
 * @param directory where they lie
 * @param keep how many are kept, 1 or more
 */
record Checkpoints(Path directory, int keep) {
  private static final Pattern NAME = Pattern.compile("\\d{7,18}\\.pt");

  /**
   * Writes the state of a training.
   *
   * @throws JditException if it cannot be written, or is not finite
   */
  Path save(Trainer trainer, TrainSettings settings, Progress progress) {
    Path file = directory.resolve("%07d.pt".formatted(progress.step()));
    try (StateCopies copies = new StateCopies(trainer)) {
      Map<String, TrainingContents.Moments> moments = new LinkedHashMap<>();
      for (String name : trainer.parameters().shapes().keySet()) {
        moments.put(
            name,
            new TrainingContents.Moments(
                progress.step(),
                copies.entry(TrainStep.EXP_AVG, name),
                copies.entry(TrainStep.EXP_AVG_SQ, name)));
      }
      Map<String, SavedValue.Scalar> args = new LinkedHashMap<>();
      settings.values().forEach((name, value) -> args.put(name.replace('-', '_'), value));
      args.put("num_heads", SavedValue.of((long) settings.config().numHeads()));
      TrainingCheckpoint.write(
          file,
          new TrainingContents(
              copies.weights(TrainStep.PARAMETERS),
              copies.weights(TrainStep.EMA),
              moments,
              optimizer(settings, progress.step()),
              args,
              progress.toSaved(settings.toMap())));
    }
    return file;
  }

  private static AdamWSettings optimizer(TrainSettings settings, long step) {
    AdamW adamw = AdamW.OFFICIAL;
    return new AdamWSettings(
        settings.learningRateAt(step),
        adamw.beta1(),
        adamw.beta2(),
        adamw.eps(),
        settings.weightDecay());
  }

  /**
   * Deletes checkpoints beyond those that are kept.
   *
   * @param problems hears of those that cannot be deleted
   */
  void prune(Consumer<String> problems) {
    List<Path> all = all();
    for (Path old : all.subList(0, Math.max(0, all.size() - keep))) {
      try {
        Files.deleteIfExists(old);
      } catch (IOException e) {
        problems.accept("cannot delete the old checkpoint %s: %s".formatted(old, e.getMessage()));
      }
    }
  }

  /** The latest, if there is one. */
  Optional<Path> latest() {
    List<Path> all = all();
    return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
  }

  private List<Path> all() {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(f -> NAME.matcher(f.getFileName().toString()).matches())
          .sorted(Comparator.comparingLong(Checkpoints::step))
          .toList();
    } catch (IOException e) {
      throw new JditException("cannot read %s: %s".formatted(directory, e.getMessage()), e);
    }
  }

  private static long step(Path file) {
    return Long.parseLong(file.getFileName().toString().replace(".pt", ""));
  }

  /**
   * Loads a checkpoint.
   *
   * @throws JditException if it does not fit the network, or is of another training
   */
  static Progress restore(Path file, Trainer trainer, TrainSettings settings) {
    try (TrainingCheckpoint saved = TrainingCheckpoint.open(file)) {
      settings.requireSame(Progress.settings(saved.jdit(), saved.source()), saved.source());
      Progress progress = Progress.of(saved.jdit(), saved.source());
      checkOptimizer(saved, optimizer(settings, progress.step()), progress.step());
      Map<String, TensorFile> state = new LinkedHashMap<>();
      state.put(TrainStep.PARAMETERS, saved.model());
      state.put(TrainStep.EMA, saved.ema());
      state.put(TrainStep.EXP_AVG, saved.expAvg());
      state.put(TrainStep.EXP_AVG_SQ, saved.expAvgSq());
      Map<String, Shape> trained = trainer.parameters().shapes();
      checkShapes(saved, saved.model(), trainer.shapes());
      state.values().forEach(tensors -> checkShapes(saved, tensors, trained));
      try (TensorScope scope = TensorScope.open(new Memory())) {
        trainer.load(
            saved.model().map(TrainStep.POSITIONS, scope),
            name ->
                Optional.ofNullable(state.get(name))
                    .map(tensors -> mapped(tensors, trained.keySet(), scope)));
      }
      return progress;
    }
  }

  private static void checkOptimizer(TrainingCheckpoint saved, AdamWSettings wanted, long step) {
    if (!saved.settings().equals(wanted)) {
      throw new JditException(
          "%s was optimised with %s at its last step, not with %s; get an intact copy, or resume from another checkpoint"
              .formatted(saved.source(), saved.settings(), wanted));
    }
    saved
        .steps()
        .forEach(
            (name, made) -> {
              if (made != (long) (float) step) { // torch counts in float32
                throw new JditException(
                    "%s is of step %d, but its optimizer made %d of %s; get an intact copy, or resume from another checkpoint"
                        .formatted(saved.source(), step, made, name));
              }
            });
  }

  private static void checkShapes(
      TrainingCheckpoint saved, TensorFile tensors, Map<String, Shape> wanted) {
    wanted.forEach(
        (name, shape) -> {
          Spec spec = tensors.tensors().get(name);
          if (spec == null || !spec.shape().equals(shape)) {
            throw new JditException(
                "%s has %s of %s, but the network needs %s; get an intact copy, or resume from another checkpoint"
                    .formatted(saved.source(), spec == null ? "nothing" : spec, name, shape));
          }
        });
  }

  private static Map<String, Tensor> mapped(
      TensorFile file, Collection<String> names, TensorScope scope) {
    Map<String, Tensor> parts = new LinkedHashMap<>();
    names.forEach(name -> parts.put(name, file.map(name, scope)));
    return parts;
  }
}
