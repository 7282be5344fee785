package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A training that is ended from outside, in whatever way, ends with the bits of an unbroken one.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no signals")
class TrainInterruptTest {
  /** More than a test will see. */
  private static final int ENDLESS = 1_000_000;

  private static final int KILLS = 3;

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

  private static int lastStep(Path folder) {
    List<String> names = TrainRuns.checkpoints(folder);
    return Integer.parseInt(names.getLast().replace(".pt", ""));
  }

  /** A shell starts what runs in its background with Ctrl-C switched off, for children too. */
  private static boolean ignored(int signal) throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return false;
    }
    return Files.readAllLines(status).stream()
        .filter(l -> l.startsWith("SigIgn:"))
        .anyMatch(
            l -> ((Long.parseUnsignedLong(l.substring(8).strip(), 16) >> (signal - 1)) & 1) != 0);
  }

  @ParameterizedTest
  @CsvSource({"TERM, 15", "INT, 2"})
  void aSignalFinishesTheStepAndSaves(String name, int signal)
      throws IOException, InterruptedException {
    assumeThat(ignored(signal)).isFalse();
    // Five steps in each line of the log: the sums so far must outlive the process.
    Object[] often = {"--log-every", 5, "--ema-warmup", "yes", "--max-steps", ENDLESS};
    try (TrainProcess training = TrainProcess.start(runs.command(often))) {
      training.await(1, "step=0000005");
      String pid = Long.toString(training.process().pid());
      assertThat(new ProcessBuilder("kill", "-" + name, pid).start().waitFor()).isZero();
      Run run = training.ended();
      assertThat(run.code()).as(run.out()).isEqualTo(128 + signal);
      Path folder = runs.latest();
      assertThat(run.out())
          .contains("Saved checkpoint to")
          .endsWith("jdit: stopped; go on with: jdit train --resume " + folder);
      assertThat(folder.resolve("loss.png")).exists();
      int last = lastStep(folder) + 7;
      assertThat(TrainRuns.resume(folder, "--max-steps", last).code()).isZero();
      assertThatBitsAreThoseOfAnUnbrokenTraining(folder, 5, last);
    }
  }

  private void assertThatBitsAreThoseOfAnUnbrokenTraining(Path folder, int logEvery, int last) {
    Path whole =
        runs.into(dir.resolve("unbroken"))
            .train("--log-every", logEvery, "--ema-warmup", "yes", "--max-steps", last);
    assertThat(TrainRuns.state(folder)).isEqualTo(TrainRuns.state(whole));
    assertThat(TrainRuns.metrics(folder)).isEqualTo(TrainRuns.metrics(whole));
  }

  /** Most of the time goes into writing checkpoints here, so that is where most kills strike. */
  @Test
  void killsAtAnyMomentCostOnlyTheStepsSinceTheLastCheckpoint()
      throws IOException, InterruptedException {
    SplittableRandom random = new SplittableRandom(3);
    Object[] often = {
      "--ckpt-every", 1, "--keep-ckpts", 2, "--ema-warmup", "yes", "--max-steps", ENDLESS
    };
    for (int i = 0; i < KILLS; i++) {
      Object[] resume = {"train", "--resume", i == 0 ? "" : runs.latest()};
      try (TrainProcess training = TrainProcess.start(i == 0 ? runs.command(often) : resume)) {
        training.await(random.nextInt(1, 8), "Saved checkpoint|Resuming");
        assertThat(TrainRuns.resume(runs.latest()).err())
            .as("a second process in the folder")
            .contains("is in use by another training");
        training.kill();
        assertThat(training.ended().code()).isEqualTo(128 + 9);
      }
    }
    Path folder = runs.latest();
    int last = lastStep(folder) + 2;
    assertThat(TrainRuns.resume(folder, "--max-steps", last).code()).isZero();
    assertThat(TrainRuns.checkpoints(folder))
        .as("nothing half-written stays")
        .containsExactly("%07d.pt".formatted(last - 1), "%07d.pt".formatted(last));
    assertThatBitsAreThoseOfAnUnbrokenTraining(folder, 1, last);
  }
}
