package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A training that is resumed goes on as if it had never ended. */
class ResumeTest {
  @TempDir private static Path shared;
  private static TrainRuns drawn;

  @TempDir private Path dir;
  private TrainRuns runs;

  @BeforeAll
  static void draw() {
    drawn = TrainRuns.in(shared);
  }

  @BeforeEach
  void empty() {
    runs = drawn.into(dir.resolve("results"));
  }

  /** Each with what could break it: other draws, sums in a step, threads, held-back data. */
  static Stream<List<Object>> ways() {
    return Stream.of(
        List.of("--keep-ckpts", 1),
        List.of("--accumulate", 2, "--clip-norm", 0.1, "--weight-decay", 0.01),
        List.of("--num-workers", 3, "--lr-warmup", 5, "--no-flip"),
        List.of("--val-split", 0.3, "--ckpt-every", 3, "--grad-checkpoint"));
  }

  @ParameterizedTest
  @MethodSource("ways")
  void sixStepsAreThreeAndThree(List<Object> options) {
    Object[] given = options.toArray();
    Path whole = runs.train(given);
    Path parts = runs.train(Stream.concat(Stream.of(given), Stream.of("--max-steps", 3)).toArray());
    Run run = TrainRuns.resume(parts, "--max-steps", 6);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("Resuming from step 3 of " + parts.resolve("checkpoints"));
    assertThat(TrainRuns.state(parts)).isEqualTo(TrainRuns.state(whole));
    assertThat(TrainRuns.metrics(parts)).hasSize(6).isEqualTo(TrainRuns.metrics(whole));
  }

  @Test
  void whatKilledWritersLeftIsCleared() throws IOException {
    Path folder = runs.train("--max-steps", 1);
    for (String part : List.of("checkpoints", "samples")) {
      Path left = Files.createDirectory(folder.resolve(part).resolve(".jdit-0123456789.tmp"));
      Files.writeString(left.resolve("half"), "a file");
    }
    assertThat(TrainRuns.resume(folder, "--max-steps", 2).code()).isZero();
    try (Stream<Path> all = Files.walk(folder)) {
      assertThat(all).noneMatch(f -> f.getFileName().toString().endsWith(".tmp"));
    }
  }

  @Test
  void otherSettingsAreRefusedByName() throws IOException {
    Path folder = runs.train("--max-steps", 1);
    byte[] log = Files.readAllBytes(folder.resolve("log.txt"));
    byte[] arguments = Files.readAllBytes(folder.resolve("arguments.json"));
    Run run = TrainRuns.resume(folder, "--max-steps", 2, "--lr", 0.5, "--global-seed", 7);
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err())
        .contains("was trained with other settings")
        .contains("lr was 0.001, now 0.5")
        .contains("global-seed was 0, now 7")
        .doesNotContain("\tat ");
    assertThat(TrainRuns.resume(folder, "--model", "16x2x2/4").err())
        .contains("model was DiT custom 16x1x2h/4, now DiT custom 16x2x2h/4");
    assertThat(TrainRuns.resume(folder, "--precision", "bf16").err())
        .contains("precision was not set, now bf16");
    assertThat(TrainRuns.resume(folder, "--snr-gamma", 5).err())
        .contains("snr-gamma was not set, now 5.0");
    assertThat(TrainRuns.resume(folder, "--predict-xstart").err())
        .contains("predict-xstart was not set, now true");
    assertThat(TrainRuns.resume(folder, "--no-learn-sigma").err())
        .contains("learn-sigma was true, now false");
    Run data = TrainRuns.resume(folder, "--data-path", fewer());
    assertThat(data.err())
        .contains("data was 24 examples of 12 classes")
        .contains("now 4 examples");
    // A refused start leaves no trace in the folder.
    assertThat(folder.resolve("log.txt")).hasBinaryContent(log);
    assertThat(folder.resolve("arguments.json")).hasBinaryContent(arguments);
    assertThat(TrainRuns.checkpoints(folder)).containsExactly("0000001.pt");
  }

  private Path fewer() throws IOException {
    Path fewer = dir.resolve("fewer");
    try (Stream<Path> all = Files.walk(runs.drawings())) {
      for (Path f : all.filter(f -> f.toString().endsWith(".png")).sorted().limit(4).toList()) {
        Path folder = fewer.resolve(f.getParent().getFileName());
        Files.createDirectories(folder);
        Files.copy(f, folder.resolve(f.getFileName()));
      }
    }
    return fewer;
  }

  @Test
  void whatIsGivenBesideItIsKeptForTheNextTime() {
    Path folder = runs.train("--max-steps", 1);
    assertThat(TrainRuns.resume(folder, "--max-steps", 3, "--ckpt-every", 2).code()).isZero();
    assertThat(TrainRuns.checkpoints(folder))
        .containsExactly("0000001.pt", "0000002.pt", "0000003.pt");
    Run again = TrainRuns.resume(folder);
    assertThat(again.code()).as(again.err()).isZero();
    assertThat(again.out()).contains("All 3 steps have been made");
    assertThat(TrainRuns.checkpoints(folder)).hasSize(3);
  }

  @Test
  void aTrainingThatIsMadeLongerKeepsItsAverage() {
    // Ten horizons of this average are 20 steps: 'auto' warms it up for 3 and not for 21.
    Path folder = runs.train("--ema-decay", 0.5, "--max-steps", 3);
    Run run = TrainRuns.resume(folder, "--max-steps", 21);
    assertThat(run.code()).as(run.err()).isZero();
    Path whole = runs.train("--ema-decay", 0.5, "--max-steps", 21, "--ema-warmup", "yes");
    assertThat(TrainRuns.state(folder)).isEqualTo(TrainRuns.state(whole));
  }

  @Test
  void wrongOptionsBesideItAreWrongUsage() {
    Path folder = runs.train("--max-steps", 1);
    Run run = TrainRuns.resume(folder, "--backend", "abacus");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err())
        .contains("no backend is called abacus")
        .contains("Try 'jdit train --help'");
  }

  @Test
  void aTrainingKilledBeforeItsFirstCheckpointBeginsAnew() throws IOException {
    Path whole = runs.train("--max-steps", 2);
    Path killed = runs.train("--max-steps", 2);
    Files.delete(killed.resolve("checkpoints/0000002.pt"));
    Files.writeString(killed.resolve("log.txt"), "[2026-01-01 00:00:00] half a li");
    Run run = TrainRuns.resume(killed);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("No checkpoint was saved yet");
    assertThat(TrainRuns.state(killed)).isEqualTo(TrainRuns.state(whole));
    assertThat(TrainRuns.metrics(killed)).isEqualTo(TrainRuns.metrics(whole));
  }

  @Test
  void aDamagedCheckpointIsNamedAndTheOneBeforeItServes() throws IOException {
    Path folder = runs.train("--max-steps", 4, "--ckpt-every", 2);
    var expected = TrainRuns.state(folder);
    Path last = folder.resolve("checkpoints/0000004.pt");
    Files.write(last, new byte[100]);
    Run run = TrainRuns.resume(folder);
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("0000004.pt").doesNotContain("internal error");
    Files.delete(last);
    assertThat(TrainRuns.resume(folder).code()).isZero();
    assertThat(TrainRuns.state(folder)).isEqualTo(expected);
  }
}
