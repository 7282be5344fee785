package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code jdit train} says of options that cannot be followed, and of folders in use. */
class TrainRefusalTest {
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

  private void assertRefused(String message, Object... options) {
    Run run = Run.jdit(runs.command(options));
    assertThat(run.err()).contains(message).doesNotContain("internal error");
    assertThat(run.code()).isNotZero();
    assertThat(runs.results()).doesNotExist();
  }

  @Test
  void optionsOutOfRangeAreNamedAndLeaveNothing() {
    assertRefused("must be positive, not -1.0", "--clip-norm", -1);
    assertRefused("must be 0 or more, not Infinity", "--weight-decay", "Infinity");
    assertRefused("must be 0 or more, not NaN", "--weight-decay", "NaN");
    assertRefused("a share of 0.01 of 24 examples is not one", "--val-split", 0.01);
    assertRefused("parameters cannot be trained", "--model", "4096x28x16/4");
  }

  @Test
  void weightsOfOtherHeadsAreRefused() {
    Path folder = runs.train("--max-steps", 1);
    Run run =
        Run.jdit(
            runs.command(
                "--model", "16x1x4/4", "--init-from", folder.resolve("checkpoints/0000001.pt")));
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("has 2 attention heads, but the network 4");
    assertThat(TrainRuns.names(runs.results())).hasSize(1);
  }

  @Test
  void weightsThatPredictSomethingElseAreRefused() {
    Path noise = runs.train("--max-steps", 1).resolve("checkpoints/0000001.pt");
    Path image = runs.train("--max-steps", 1, "--predict-xstart").resolve("checkpoints/0000001.pt");
    assertThat(Run.jdit(runs.command("--init-from", noise, "--predict-xstart")).err())
        .contains("predicts the noise: leave --predict-xstart out");
    assertThat(Run.jdit(runs.command("--init-from", image)).err())
        .contains("predicts the image: give --predict-xstart");
    Run same = Run.jdit(runs.command("--init-from", image, "--predict-xstart"));
    assertThat(same.code()).as(same.err()).isZero();
  }

  @Test
  void theOptionThatEndsATrainingIsNamed() {
    Path byEpochs = runs.train("--epochs", 1, "--max-steps", 50);
    assertThat(TrainRuns.resume(byEpochs).out())
        .contains("All 6 steps have been made; a larger --epochs adds more");
    assertThat(TrainRuns.resume(byEpochs, "--max-steps", 6).out())
        .contains("a larger --epochs and --max-steps adds more");
    Path bySteps = runs.train("--max-steps", 2);
    assertThat(TrainRuns.resume(bySteps).out())
        .contains("All 2 steps have been made; a larger --max-steps adds more");
  }

  @Test
  void aFolderInUseIsLeftAlone() throws IOException {
    Path folder = runs.train("--max-steps", 1);
    byte[] log = Files.readAllBytes(folder.resolve("log.txt"));
    try (ResultsFolder.Lock _ = new ResultsFolder(folder).lock()) {
      Run run = TrainRuns.resume(folder, "--max-steps", 2);
      assertThat(run.code()).isEqualTo(1);
      assertThat(run.err()).contains(folder + " is in use by another training");
      assertThat(folder.resolve("log.txt")).hasBinaryContent(log);
      assertThat(TrainRuns.checkpoints(folder)).hasSize(1);
    }
    assertThat(TrainRuns.resume(folder, "--max-steps", 2).code()).isZero();
  }

  @Test
  void pathsAreKeptSoThatItGoesOnFromAnyDirectory() throws IOException {
    Path here = Path.of("").toAbsolutePath();
    Path relative = here.relativize(runs.drawings().toAbsolutePath());
    Path folder = runs.on(relative).train("--max-steps", 1, "--vae", "mse");
    String kept = Files.readString(folder.resolve("arguments.json"));
    assertThat(kept)
        .contains("\"" + runs.drawings().toAbsolutePath() + "\"", "\"--vae\",\"mse\"")
        .doesNotContain("\"" + relative + "\"");
    Run run =
        TrainRuns.resume(folder, "--max-steps", 2, "--data-path=" + relative, "--vae=some/vae");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(Files.readString(folder.resolve("arguments.json")))
        .contains("--data-path=" + runs.drawings().toAbsolutePath())
        .contains("--vae=" + here.resolve("some/vae"));
  }

  @Test
  void aFailedPreviewDoesNotEndTheTraining() throws IOException {
    Path folder = runs.train("--max-steps", 2);
    Files.createDirectories(folder.resolve("samples/0000003_model.png"));
    Run run = TrainRuns.resume(folder, "--max-steps", 4, "--sample-every", 1);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("No samples of step 3: cannot write").contains("Done!");
    assertThat(TrainRuns.names(folder.resolve("samples"))).contains("0000004_model.png");
  }

  @Test
  void timesAreListedIfAskedFor() {
    Run run = Run.jdit(runs.command("--max-steps", 1, "--profile"));
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.err()).containsPattern("task +kernel +runs").containsPattern("all \\d+");
  }
}
