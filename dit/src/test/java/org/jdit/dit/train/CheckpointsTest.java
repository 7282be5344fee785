package org.jdit.dit.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jdit.dit.model.Engine;
import org.jdit.dit.train.TrainSettings.Timesteps;
import org.jdit.tensor.JditException;
import org.jdit.tensor.autodiff.Autodiff.InnerValues;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.spi.Backend;
import org.jdit.weights.AdamWSettings;
import org.jdit.weights.TrainingCheckpoint;
import org.jdit.weights.TrainingContents;
import org.jdit.weights.torch.SavedValue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint keeps all that a training goes on with, or is refused. */
class CheckpointsTest {
  @TempDir private Path dir;
  private Backend backend;
  private TinyRuns runs;

  @BeforeEach
  void open() {
    backend = Engine.SHIPPED.open();
    runs = new TinyRuns(backend);
  }

  @AfterEach
  void close() {
    backend.close();
  }

  private Path folder() throws IOException {
    return Files.createDirectory(dir.resolve("parts"));
  }

  /** What the choice of timesteps goes by outlives the process, and is gone by afterwards. */
  @Test
  void theHistoryOfLossesIsKeptAndUsed() throws IOException {
    TrainSettings chosen = TinyRuns.settings(Timesteps.LOSS_SECOND_MOMENT, 1e-3);
    Path parts = folder();
    runs.run(parts, chosen, TinySet.of(TinyRuns.EXAMPLES), 2, () -> false);
    Path first = Training.latest(parts).orElseThrow();
    List<List<Double>> history = new ArrayList<>();
    for (int t = 0; t < 1000; t++) {
      double loss = t < 3 ? 1 : 1e-9; // so only these are chosen
      history.add(Stream.generate(() -> loss).limit(10).collect(Collectors.toList()));
    }
    TrainStep step = TinySet.step(chosen.recipe(InnerValues.KEPT), chosen.portion());
    try (Trainer trainer = new Trainer(backend, step)) {
      Progress made = Checkpoints.restore(first, trainer, chosen);
      assertThat(made.history()).hasSize(1000);
      assertThat(made.history().stream().mapToInt(List::size).sum()).isEqualTo(4);
      new Checkpoints(first.getParent(), 9).save(trainer, chosen, made.with(history));
    }
    assertThat(progress(first).history()).isEqualTo(history);
    runs.run(parts, chosen, TinySet.of(TinyRuns.EXAMPLES), 4, () -> false);
    List<List<Double>> after = progress(Training.latest(parts).orElseThrow()).history();
    for (int t = 3; t < 1000; t++) {
      assertThat(after.get(t)).as("losses of timestep %d", t).isEqualTo(history.get(t));
    }
    assertThat(after.subList(0, 3)).isNotEqualTo(history.subList(0, 3));
  }

  private static Progress progress(Path checkpoint) {
    try (TrainingCheckpoint c = TrainingCheckpoint.open(checkpoint)) {
      return Progress.of(c.jdit(), c.source());
    }
  }

  @Test
  void weightsThatAreNotFiniteAreNotSaved() throws IOException {
    Path parts = folder();
    TrainSettings wild = TinyRuns.settings(Timesteps.UNIFORM, 1e300); // infinite in float32
    assertThatThrownBy(() -> runs.run(parts, wild, TinySet.of(TinyRuns.EXAMPLES), 1, () -> false))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("parameters of this training has a")
        .hasMessageContaining("not saved");
    assertThat(Training.latest(parts)).isEmpty();
    assertThat(parts.resolve("checkpoints")).isEmptyDirectory();
  }

  @Test
  void argumentsHaveTheirTypes() throws IOException {
    Path folder = folder();
    runs.run(folder, TinyRuns.USUAL, TinySet.of(TinyRuns.EXAMPLES), 1, () -> false);
    try (TrainingCheckpoint c = TrainingCheckpoint.open(Training.latest(folder).orElseThrow())) {
      assertThat(c.args())
          .containsEntry("lr", SavedValue.of(1e-3))
          .containsEntry("flip", SavedValue.of(false))
          .containsEntry("global_batch_size", SavedValue.of(2))
          .containsEntry("weight_decay", SavedValue.of(0.0))
          .containsEntry("space", SavedValue.of("pixel"));
    }
  }

  private interface Damage {
    TrainingContents to(TrainingContents contents);
  }

  private void assertRefused(Path folder, Damage damage, String message) {
    Path file = folder.resolve("checkpoints/0000002.pt");
    Path damaged = folder.resolve("checkpoints/0000003.pt");
    try (TrainingCheckpoint c = TrainingCheckpoint.open(file)) {
      Map<String, TrainingContents.Moments> moments = new LinkedHashMap<>();
      List<TensorEntry> squares = entries(c.expAvgSq());
      List<TensorEntry> means = entries(c.expAvg());
      for (int i = 0; i < means.size(); i++) {
        moments.put(
            means.get(i).name(), new TrainingContents.Moments(2, means.get(i), squares.get(i)));
      }
      TrainingCheckpoint.write(
          damaged,
          damage.to(
              new TrainingContents(
                  entries(c.model()),
                  entries(c.ema()),
                  moments,
                  c.settings(),
                  Map.of(),
                  c.jdit())));
    }
    try (Training training =
        new Training(backend, TinyRuns.USUAL, TinySet.of(TinyRuns.EXAMPLES), InnerValues.KEPT, 1)) {
      assertThatThrownBy(() -> training.resume(damaged))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("0000003.pt")
          .hasMessageContaining(message);
      training.resume(file);
    }
  }

  private static List<TensorEntry> entries(TensorFile file) {
    List<TensorEntry> all = new ArrayList<>();
    file.tensors()
        .forEach((name, spec) -> all.add(TensorEntry.lazy(name, spec, s -> file.map(name, s))));
    return all;
  }

  @Test
  void aCheckpointThatDoesNotFitIsRefused() throws IOException {
    Path folder = folder();
    runs.run(folder, TinyRuns.USUAL, TinySet.of(TinyRuns.EXAMPLES), 2, () -> false);
    String bias = "final_layer.linear.bias";
    assertRefused(
        folder,
        c -> {
          Map<String, TrainingContents.Moments> fewer = new LinkedHashMap<>(c.moments());
          fewer.remove(bias);
          return new TrainingContents(c.model(), c.ema(), fewer, c.settings(), c.args(), c.jdit());
        },
        "has nothing of " + bias);
    assertRefused(
        folder,
        c ->
            new TrainingContents(
                c.model().stream().filter(t -> !t.name().equals("pos_embed")).toList(),
                c.ema().stream().filter(t -> !t.name().equals("pos_embed")).toList(),
                c.moments(),
                c.settings(),
                c.args(),
                c.jdit()),
        "has nothing of pos_embed");
    assertRefused(
        folder,
        c -> {
          Map<String, TrainingContents.Moments> other = new LinkedHashMap<>(c.moments());
          other.computeIfPresent(
              bias, (_, m) -> new TrainingContents.Moments(7, m.expAvg(), m.expAvgSq()));
          return new TrainingContents(c.model(), c.ema(), other, c.settings(), c.args(), c.jdit());
        },
        "its optimizer made 7 of " + bias);
    assertRefused(
        folder,
        c -> {
          AdamWSettings s = c.settings();
          AdamWSettings other = new AdamWSettings(s.lr(), 0.5, s.beta2(), s.eps(), s.weightDecay());
          return new TrainingContents(c.model(), c.ema(), c.moments(), other, c.args(), c.jdit());
        },
        "beta1=0.5");
  }

  @Test
  void anOldCheckpointThatCannotBeDeletedEndsNothing() throws IOException {
    Path stuck = Files.createDirectories(dir.resolve("0000001.pt"));
    Files.createFile(stuck.resolve("file"));
    Files.createFile(dir.resolve("0000002.pt"));
    Files.createFile(dir.resolve("0000003.pt"));
    List<String> problems = new ArrayList<>();
    new Checkpoints(dir, 1).prune(problems::add);
    assertThat(problems).hasSize(1).first().asString().contains("0000001.pt");
    assertThat(dir.resolve("0000002.pt")).doesNotExist();
    assertThat(dir.resolve("0000003.pt")).exists();
  }
}
