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
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.jdit.dit.model.Engine;
import org.jdit.dit.train.TrainSettings.Timesteps;
import org.jdit.dit.train.log.EventFile;
import org.jdit.dit.train.log.Metrics;
import org.jdit.dit.train.log.MetricsLog;
import org.jdit.tensor.JditException;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.spi.Backend;
import org.jdit.weights.TrainingCheckpoint;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** However a run ends, no step is lost, and what goes on is what an unbroken run leaves. */
class TrainingRunTest {
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

  private Path unbroken(TrainSettings settings) throws IOException {
    Path whole = Files.createDirectory(dir.resolve("whole"));
    runs.run(whole, settings, TinySet.of(TinyRuns.EXAMPLES), 8, () -> false);
    return whole;
  }

  private Path folder() throws IOException {
    return Files.createDirectory(dir.resolve("parts"));
  }

  private static List<Metrics> metrics(Path folder) {
    List<Metrics> all = new ArrayList<>();
    for (Metrics m : MetricsLog.read(folder)) {
      Map<String, Double> values = new LinkedHashMap<>(m.values());
      values.keySet().removeAll(List.of("wall_time", "images_per_second"));
      all.add(new Metrics(m.step(), values));
    }
    return all;
  }

  private static String json(Path folder) throws IOException {
    return Files.readString(folder.resolve("metrics.jsonl"))
        .replaceAll("\"(wall_time|images_per_second)\":[^,}]*", "");
  }

  private static Map<String, List<Float>> weights(Path folder) {
    Map<String, List<Float>> all = new LinkedHashMap<>();
    try (TrainingCheckpoint c = TrainingCheckpoint.open(Training.latest(folder).orElseThrow());
        TensorScope scope = TensorScope.open(new Memory())) {
      for (String key : c.model().tensors().keySet()) {
        List<Float> values = new ArrayList<>();
        for (float f : c.model().map(key, scope).toFloats()) {
          values.add(f);
        }
        all.put(key, values);
      }
    }
    return all;
  }

  private static void assertSame(Path parts, Path whole) throws IOException {
    assertThat(metrics(parts)).isEqualTo(metrics(whole));
    assertThat(json(parts)).isEqualTo(json(whole));
    assertThat(weights(parts)).isEqualTo(weights(whole));
  }

  @Test
  void everyCheckpointIsValidatedAndRecorded() throws IOException {
    List<Metrics> all = MetricsLog.read(unbroken(TinyRuns.USUAL));
    assertThat(all).extracting(Metrics::step).containsExactly(2L, 3L, 4L, 6L, 8L);
    for (Metrics m : all) {
      assertThat(m.values().containsKey("validation_loss"))
          .as("validation at step %d", m.step())
          .isEqualTo(m.step() % 2 == 0);
    }
  }

  @Test
  void validationWeighsLossesAsTrainingDoes() throws IOException {
    for (Metrics m : MetricsLog.read(unbroken(TinyRuns.NEXT_TO_NOTHING))) {
      assertThat(m.values().get("mse")).isGreaterThan(0.1);
      assertThat(m.values().get("loss")).isLessThan(1e-3);
      if (m.step() % 2 == 0) {
        assertThat(m.values().get("validation_loss")).isLessThan(1e-3);
        assertThat(m.values().get("validation_loss_ema")).isLessThan(1e-3);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7})
  void aRunThatIsStoppedLeavesNoTrace(long step) throws IOException {
    Path parts = folder();
    long[] made = {0};
    assertThat(
            runs.run(
                parts, TinyRuns.USUAL, TinySet.of(TinyRuns.EXAMPLES), 8, () -> ++made[0] == step))
        .isEqualTo(TrainingRun.End.STOPPED);
    assertThat(Training.latest(parts).orElseThrow().getFileName())
        .hasToString("%07d.pt".formatted(step));
    runs.run(parts, TinyRuns.USUAL, TinySet.of(TinyRuns.EXAMPLES), 8, () -> false);
    assertSame(parts, unbroken(TinyRuns.USUAL));
  }

  @ParameterizedTest
  @ValueSource(longs = {2, 3, 5})
  void aRunThatIsMadeLongerIsOneThatWasThatLong(long step) throws IOException {
    Path parts = folder();
    runs.run(parts, TinyRuns.USUAL, TinySet.of(TinyRuns.EXAMPLES), step, () -> false);
    assertThat(metrics(parts).getLast().values()).containsKey("validation_loss");
    runs.run(
        parts,
        TinyRuns.USUAL,
        TinySet.of(TinyRuns.EXAMPLES),
        step,
        () -> false); // which has nothing to do
    runs.run(parts, TinyRuns.USUAL, TinySet.of(TinyRuns.EXAMPLES), 8, () -> false);
    assertSame(parts, unbroken(TinyRuns.USUAL));
  }

  @Test
  void anUnreadableExampleCostsNoStep() throws IOException {
    Path parts = folder();
    int bad = ofTheThirdStep();
    TinySet torn = new TinySet(TinyRuns.EXAMPLES, OptionalInt.of(bad));
    assertThatThrownBy(() -> runs.run(parts, TinyRuns.USUAL, torn, 8, () -> false))
        .isInstanceOf(JditException.class)
        .hasMessage("example %d is gone".formatted(bad));
    assertThat(Training.latest(parts).orElseThrow().getFileName()).hasToString("0000002.pt");
    assertThat(Files.readString(parts.resolve("log.txt"))).contains("] example " + bad);
    runs.run(parts, TinyRuns.USUAL, TinySet.of(TinyRuns.EXAMPLES), 8, () -> false);
    assertSame(parts, unbroken(TinyRuns.USUAL));
  }

  /** The number of an example of the third step. */
  private static int ofTheThirdStep() {
    Split split =
        Split.of(TinySet.of(TinyRuns.EXAMPLES), TinyRuns.USUAL.validationShare(), new Seeds(0));
    try (BatchLoader loader =
        new BatchLoader(split.trained(), 2, new Seeds(0), BatchLoader.Dropout.NONE, 1)) {
      return (int) loader.examples(3).xStart()[0];
    }
  }

  @Test
  void aGradientThatIsNotFiniteCostsNoStepBeforeIt() throws IOException {
    Path parts = folder();
    TrainSettings wild = TinyRuns.settings(Timesteps.UNIFORM, 1e30);
    assertThatThrownBy(() -> runs.run(parts, wild, TinySet.of(TinyRuns.EXAMPLES), 8, () -> false))
        .hasMessageContaining("step 2 has");
    assertThat(Training.latest(parts).orElseThrow().getFileName()).hasToString("0000001.pt");
    assertThat(Files.readString(parts.resolve("log.txt"))).contains("] step 2 has");
  }

  @Test
  void aRunThatBeginsAnewReplacesItsCharts() throws IOException {
    Path folder = folder();
    runs.run(folder, TinyRuns.USUAL, TinySet.of(TinyRuns.EXAMPLES), 2, () -> false);
    Files.delete(Training.latest(folder).orElseThrow());
    runs.run(folder, TinyRuns.USUAL, TinySet.of(TinyRuns.EXAMPLES), 2, () -> false);
    List<Path> events;
    try (Stream<Path> all = Files.list(folder)) {
      events = all.filter(f -> f.getFileName().toString().startsWith("events.")).sorted().toList();
    }
    assertThat(events).hasSize(2);
    for (Path file : events) {
      // Whatever other files say of step 1 and beyond is forgotten.
      assertThat(EventFile.starts(file)).containsExactly(1L);
      assertThat(EventFile.tags(file))
          .contains("train/loss", "validation/loss", "validation/loss_ema")
          .noneMatch(t -> t.startsWith("train/validation"));
    }
  }
}
