package org.jdit.dit.train.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** A log says what was measured, and a resumed run's log is an unbroken run's, byte for byte. */
class MetricsLogTest {
  private static final List<String> COLUMNS = List.of("epoch", "loss", "lr");

  @TempDir private Path dir;

  private static Metrics at(long step) {
    return new Metrics(step, Map.of("epoch", 0.0, "loss", 1.0 / 3 / step, "lr", 1e-4));
  }

  private static void log(MetricsLog log, long... steps) {
    for (long step : steps) {
      log.add(at(step));
    }
  }

  private String csv() throws IOException {
    return Files.readString(dir.resolve("metrics.csv"));
  }

  private String json() throws IOException {
    return Files.readString(dir.resolve("metrics.jsonl"));
  }

  private void append(String file, String text) throws IOException {
    Files.writeString(dir.resolve(file), text, StandardOpenOption.APPEND);
  }

  @Test
  void recordsAreInBothFilesAtOnce() throws IOException {
    try (MetricsLog log = MetricsLog.resume(dir, COLUMNS, 0)) {
      log.add(new Metrics(100, Map.of("epoch", 0.0, "loss", 0.25, "lr", 1e-4)));
      log.add(new Metrics(200, Map.of("epoch", 1.0, "loss", Double.NaN)));
      assertThat(csv()).isEqualTo("step,epoch,loss,lr\n100,0,0.25,1.0E-4\n200,1,NaN,\n");
      assertThat(json())
          .isEqualTo(
              """
              {"step":100,"epoch":0,"loss":0.25,"lr":1.0E-4}
              {"step":200,"epoch":1,"loss":null}
              """);
    }
  }

  @Test
  void whatIsReadIsWhatWasWritten() throws IOException {
    Metrics odd =
        new Metrics(
            Long.MAX_VALUE,
            Map.of("a", Math.PI, "b/c", -0.0, "d", 1e300, "e", Double.MIN_VALUE, "f", 1e15));
    Metrics infinite =
        new Metrics(0, Map.of("a", Double.NEGATIVE_INFINITY, "d", Double.NaN, "f", -7.0));
    try (MetricsLog log = MetricsLog.resume(dir, List.of("a", "b/c", "d", "e", "f"), 0)) {
      log.add(infinite);
      log.add(odd);
      assertThat(MetricsLog.read(dir)).containsExactly(infinite, odd);
    }
    var parsed = JsonMapper.shared().readTree(json().lines().toList().get(1));
    assertThat(parsed.get("step").asLong()).isEqualTo(Long.MAX_VALUE);
    odd.values().forEach((name, value) -> assertThat(parsed.get(name).asDouble()).isEqualTo(value));
  }

  @Test
  void aResumedLogEqualsAnUnbrokenOne() throws IOException {
    Path whole = Files.createDirectory(dir.resolve("whole"));
    try (MetricsLog log = MetricsLog.resume(whole, COLUMNS, 0)) {
      log(log, 100, 200, 300, 400);
    }
    try (MetricsLog log = MetricsLog.resume(dir, COLUMNS, 0)) {
      log(log, 100, 200, 300);
    }
    // Killed within a record: the one file has half of it, the other nothing.
    append("metrics.csv", "400,0,0.0008");
    try (MetricsLog log = MetricsLog.resume(dir, COLUMNS, 250)) {
      assertThat(csv()).hasLineCount(3);
      assertThat(json()).hasLineCount(2);
      log(log, 300, 400);
    }
    assertThat(dir.resolve("metrics.csv")).hasSameTextualContentAs(whole.resolve("metrics.csv"));
    assertThat(dir.resolve("metrics.jsonl"))
        .hasSameTextualContentAs(whole.resolve("metrics.jsonl"));
  }

  @Test
  void aKillBetweenTheFilesLeavesNoTrace() throws IOException {
    try (MetricsLog log = MetricsLog.resume(dir, COLUMNS, 0)) {
      log(log, 100);
      String before = json();
      log(log, 200);
      Files.writeString(dir.resolve("metrics.jsonl"), before + "{\"step\":2");
    }
    MetricsLog.resume(dir, COLUMNS, 200).close();
    assertThat(MetricsLog.read(dir)).containsExactly(at(100), at(200));
    assertThat(json()).hasLineCount(2).endsWith("\"lr\":1.0E-4}\n");
  }

  @Test
  void aLogIsBegunWhereThereIsNone() throws IOException {
    try (MetricsLog log = MetricsLog.resume(dir, COLUMNS, 500)) {
      log(log, 600);
    }
    assertThat(MetricsLog.read(dir)).containsExactly(at(600));
    assertThat(json()).hasLineCount(1);
  }

  @Test
  void otherColumnsAreRefusedAndNothingIsChanged() throws IOException {
    try (MetricsLog log = MetricsLog.resume(dir, COLUMNS, 0)) {
      log(log, 100, 200);
    }
    String before = csv();
    assertThatThrownBy(() -> MetricsLog.resume(dir, List.of("epoch", "loss"), 100))
        .isInstanceOf(JditException.class)
        .hasMessageStartingWith("cannot resume the log " + dir.resolve("metrics.csv"))
        .hasMessageContaining(
            "its columns are step,epoch,loss,lr, but this run has step,epoch,loss")
        .hasMessageNotContaining("\n");
    assertThat(csv()).isEqualTo(before);
  }

  /** Moving a damaged log away, as its refusal advises, makes room for another. */
  @Test
  void aLogThatWasMovedAwayIsBegunAnew() throws IOException {
    try (MetricsLog log = MetricsLog.resume(dir, COLUMNS, 0)) {
      log(log, 100);
    }
    Files.move(dir.resolve("metrics.csv"), dir.resolve("damaged.csv"));
    assertThat(MetricsLog.lastStep(dir)).isEqualTo(-1);
    try (MetricsLog log = MetricsLog.resume(dir, COLUMNS, 100)) {
      log(log, 200);
    }
    assertThat(MetricsLog.read(dir)).containsExactly(at(200));
    assertThat(json()).hasLineCount(1);
    assertThat(MetricsLog.lastStep(dir)).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"nonsense", "200,0,0.5", "200,0,x,1", "-1,0,1,1", "100,0,1,1", ""})
  void aDamagedLineIsNamed(String line) throws IOException {
    try (MetricsLog log = MetricsLog.resume(dir, COLUMNS, 0)) {
      log(log, 100);
    }
    append("metrics.csv", line + "\n300,0,1,1\n");
    for (Runnable use :
        List.<Runnable>of(
            () -> MetricsLog.read(dir), () -> MetricsLog.resume(dir, COLUMNS, 300).close())) {
      assertThatThrownBy(use::run)
          .isInstanceOf(JditException.class)
          .hasMessageContaining("line 3 is not one that a run writes");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "step,lo", "loss\n", "step,a,a\n", "step,\n"})
  void aDamagedHeaderIsNamed(String header) throws IOException {
    Files.writeString(dir.resolve("metrics.csv"), header);
    assertThatThrownBy(() -> MetricsLog.read(dir))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("line 1 is not one that a run writes");
  }

  @Test
  void aMissingLogAndAMissingDirectoryAreNamed() {
    assertThatThrownBy(() -> MetricsLog.read(dir))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("metrics.csv: it does not exist");
    assertThatThrownBy(() -> MetricsLog.resume(dir.resolve("none"), COLUMNS, 0))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("there is no directory " + dir.resolve("none"));
  }

  @Test
  void recordsThatDoNotFitAreRefused() throws IOException {
    try (MetricsLog log = MetricsLog.resume(dir, COLUMNS, 0)) {
      log(log, 100);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> log.add(at(100)))
          .withMessage("step 100 after 100");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> log.add(new Metrics(200, Map.of("vb", 1.0))))
          .withMessageContaining("'vb'");
    }
    try (MetricsLog log = MetricsLog.resume(dir, COLUMNS, 100)) {
      assertThatIllegalArgumentException().isThrownBy(() -> log.add(at(100)));
    }
    assertThat(csv()).hasLineCount(2);
    assertThatIllegalArgumentException().isThrownBy(() -> new Metrics(-1, Map.of()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a,b", "say \"x\"", "step", "2nd"})
  void columnsThatWouldNeedQuotesAreRefused(String name) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> MetricsLog.resume(dir, List.of(name), 0))
        .withMessageContaining("'" + name + "'");
    assertThat(dir).isEmptyDirectory();
  }
}
