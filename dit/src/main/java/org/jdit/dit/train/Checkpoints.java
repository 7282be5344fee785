package org.jdit.dit.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jdit.nn.optim.AdamW;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorEntry;
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

  /** Writes the state of a training, and drops checkpoints beyond those that are kept. */
  Path save(Trainer trainer, TrainSettings settings, Progress progress) {
    Path file = directory.resolve("%07d.pt".formatted(progress.step()));
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Map<String, Tensor> expAvg = trainer.parts(TrainStep.EXP_AVG, scope);
      Map<String, Tensor> expAvgSq = trainer.parts(TrainStep.EXP_AVG_SQ, scope);
      Map<String, TrainingContents.Moments> moments = new LinkedHashMap<>();
      expAvg.forEach(
          (name, m) ->
              moments.put(
                  name,
                  new TrainingContents.Moments(
                      progress.step(),
                      TensorEntry.of(name, m),
                      TensorEntry.of(name, expAvgSq.get(name)))));
      AdamW adamw = AdamW.OFFICIAL;
      Map<String, SavedValue.Scalar> args = new LinkedHashMap<>();
      settings.toMap().forEach((name, text) -> args.put(name.replace('-', '_'), argument(text)));
      args.put("num_heads", SavedValue.of((long) settings.config().numHeads()));
      TrainingCheckpoint.write(
          file,
          new TrainingContents(
              entries(trainer.weights(TrainStep.PARAMETERS, scope)),
              entries(trainer.weights(TrainStep.EMA, scope)),
              moments,
              new AdamWSettings(
                  settings.learningRateAt(progress.step()),
                  adamw.beta1(),
                  adamw.beta2(),
                  adamw.eps(),
                  settings.weightDecay()),
              args,
              progress.toSaved(settings.toMap())));
    }
    prune();
    return file;
  }

  private static SavedValue.Scalar argument(String text) {
    return text.matches("-?\\d{1,18}") ? SavedValue.of(Long.parseLong(text)) : SavedValue.of(text);
  }

  private static List<TensorEntry> entries(Map<String, Tensor> weights) {
    List<TensorEntry> entries = new ArrayList<>();
    weights.forEach((name, w) -> entries.add(TensorEntry.of(name, w)));
    return entries;
  }

  private void prune() {
    List<Path> all = all();
    try {
      for (Path old : all.subList(0, Math.max(0, all.size() - keep))) {
        Files.delete(old);
      }
    } catch (IOException e) {
      throw new JditException("cannot delete an old checkpoint: " + e.getMessage(), e);
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
    try (TrainingCheckpoint saved = TrainingCheckpoint.open(file);
        TensorScope scope = TensorScope.open(new Memory())) {
      settings.requireSame(Progress.settings(saved.jdit(), saved.source()), saved.source());
      Map<String, Tensor> state = new LinkedHashMap<>();
      state.put(TrainStep.PARAMETERS, vector(saved.model(), trainer, scope));
      state.put(TrainStep.EMA, vector(saved.ema(), trainer, scope));
      state.put(TrainStep.EXP_AVG, vector(saved.expAvg(), trainer, scope));
      state.put(TrainStep.EXP_AVG_SQ, vector(saved.expAvgSq(), trainer, scope));
      trainer.load(saved.model().map(TrainStep.POSITIONS, scope), state);
      return Progress.of(saved.jdit(), saved.source());
    }
  }

  private static Tensor vector(TensorFile file, Trainer trainer, TensorScope scope) {
    Map<String, Tensor> parts = new LinkedHashMap<>();
    file.tensors().keySet().forEach(key -> parts.put(key, file.map(key, scope)));
    return trainer.vector(parts, scope);
  }
}
