package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.jdit.dit.train.log.Metrics;
import org.jdit.dit.train.log.MetricsLog;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code jdit train} leaves what a user expects, whatever is asked of it. */
class TrainCommandTest {
  private static final String TABLE = "/y_embedder.embedding_table.weight";
  private static final int WIDTH = 16;

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

  @Test
  void leavesLogsCheckpointsSamplesAndAPlot() throws IOException {
    Path folder =
        runs.train(
            "--log-every",
            2,
            "--ckpt-every",
            2,
            "--keep-ckpts",
            2,
            "--sample-every",
            3,
            "--val-split",
            0.3);
    assertThat(folder.getFileName()).hasToString("000-16x1x2-4");
    assertThat(TrainRuns.checkpoints(folder)).containsExactly("0000004.pt", "0000006.pt");
    assertThat(TrainRuns.names(folder.resolve("samples")))
        .containsExactly(
            "0000003_ema.png", "0000003_model.png", "0000006_ema.png", "0000006_model.png");
    assertThat(ImageIO.read(folder.resolve("samples/0000006_ema.png").toFile()).getWidth())
        .isGreaterThan(12 * 16);
    assertThat(ImageIO.read(folder.resolve("loss.png").toFile())).isNotNull();
    assertThat(TrainRuns.names(folder)).filteredOn(n -> n.startsWith("events.out.")).hasSize(1);
    assertLog(folder);
    List<Metrics> metrics = MetricsLog.read(folder);
    assertThat(metrics).extracting(Metrics::step).containsExactly(2L, 4L, 6L);
    assertThat(metrics)
        .allSatisfy(
            m ->
                assertThat(m.values())
                    .containsKeys("loss", "mse", "vb", "grad_norm", "validation_loss"));
    assertThat(Files.readAllLines(folder.resolve("metrics.jsonl"))).hasSize(3);
  }

  /** In the format of the official train.py, whose readers look for these words. */
  private void assertLog(Path folder) throws IOException {
    List<String> lines = Files.readAllLines(folder.resolve("log.txt"));
    assertThat(lines)
        .allMatch(l -> l.matches("\\[\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\] .+"));
    List<String> said = lines.stream().map(l -> l.substring(22)).toList();
    assertThat(said.getFirst()).isEqualTo("Experiment directory created at " + folder);
    assertThat(said.get(1)).matches("DiT Parameters: \\d+(,\\d{3})*");
    assertThat(said.get(2)).isEqualTo("Dataset contains 24 images (%s)".formatted(runs.drawings()));
    assertThat(said.get(4))
        .isEqualTo("Saved checkpoint to " + folder.resolve("checkpoints/0000002.pt"));
    assertThat(said.get(5))
        .matches("\\(step=0000002\\) Train Loss: \\d+\\.\\d{4}, Train Steps/Sec: \\d+\\.\\d\\d");
    assertThat(said.getLast()).isEqualTo("Done!");
  }

  @Test
  void numbersFoldersOnwardsAndLearns() {
    assertThat(runs.train("--max-steps", 1).getFileName()).hasToString("000-16x1x2-4");
    Path second = runs.train("--epochs", 8, "--max-steps", 1000, "--log-every", 24, "--lr", 3e-3);
    assertThat(second.getFileName()).hasToString("001-16x1x2-4");
    List<Metrics> metrics = MetricsLog.read(second);
    assertThat(metrics).extracting(Metrics::step).containsExactly(24L, 48L); // 8 epochs of 6 steps
    assertThat(metrics.getLast().values().get("loss"))
        .isLessThan(0.98 * metrics.getFirst().values().get("loss"));
  }

  /** A preview is drawn by what is trained, a sample by what the checkpoint says of itself. */
  @Test
  void samplesOfANetworkThatPredictsImagesEqualItsPreviews() throws IOException {
    Path folder =
        runs.train(
            "--max-steps",
            40,
            "--sample-every",
            40,
            "--log-every",
            40,
            "--predict-xstart",
            "--no-learn-sigma");
    assertThat(MetricsLog.read(folder).getLast().values())
        .containsKey("mse")
        .doesNotContainKey("vb");
    String classes = "0,1,2,3,4,5,6,7,8,9,10,11";
    Path out = dir.resolve("out.png");
    Run run =
        Run.jdit(
            "sample",
            "--ckpt",
            folder.resolve("checkpoints/0000040.pt"),
            "--sampler",
            "ddim",
            "--num-sampling-steps",
            25,
            "--cfg-scale",
            2,
            "--class-labels",
            String.join(",", classes, classes, classes, classes),
            "--columns",
            12,
            "--batch",
            4,
            "--out",
            out);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(pixels(out)).isEqualTo(pixels(folder.resolve("samples/0000040_ema.png")));
  }

  private static int[] pixels(Path png) throws IOException {
    BufferedImage image = ImageIO.read(png.toFile());
    return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
  }

  @Test
  void computingBlocksAgainGivesTheSameBits() {
    Path kept = runs.train("--max-steps", 3);
    Path again = runs.train("--max-steps", 3, "--grad-checkpoint");
    assertThat(TrainRuns.state(again)).isEqualTo(TrainRuns.state(kept));
  }

  @Test
  void withoutLabelDropoutThereIsNoNullClass() {
    Path folder = runs.train("--max-steps", 2, "--class-dropout", 0, "--sample-every", 2);
    assertThat(TrainRuns.state(folder).get("model" + TABLE)).hasSize(12 * WIDTH);
    assertThat(TrainRuns.names(folder.resolve("samples"))).hasSize(2);
    Path file = folder.resolve("checkpoints/0000002.pt");
    Object[] sample = {
      "sample",
      "--ckpt",
      file,
      "--num-sampling-steps",
      2,
      "--class-labels",
      3,
      "--out",
      dir.resolve("out.png")
    };
    assertThat(Run.jdit(sample).err()).contains("has no null class");
  }

  @Test
  void droppedLabelsTeachTheNullClassOfTheNetwork() {
    // The first steps move only what comes after the blocks, whose gates begin at 0.
    Path folder = runs.train("--num-classes", 20, "--class-dropout", 0.9, "--max-steps", 5);
    Map<String, List<Integer>> state = TrainRuns.state(folder);
    assertThat(row(state, "exp_avg", 20)).as("the null class").anyMatch(v -> v != 0);
    for (int unused = 12; unused < 20; unused++) {
      assertThat(row(state, "exp_avg", unused)).as("class %d", unused).containsOnly(0);
    }
  }

  private static List<Integer> row(Map<String, List<Integer>> state, String part, int row) {
    return state.get(part + TABLE).subList(row * WIDTH, (row + 1) * WIDTH);
  }

  @Test
  void oneClassCanBeTrainedAndSampled() throws IOException {
    Path one = dir.resolve("one");
    Files.createDirectories(one.resolve("only"));
    Path from;
    try (var all = Files.walk(runs.drawings())) {
      from = all.filter(f -> f.toString().endsWith(".png")).sorted().findFirst().orElseThrow();
    }
    for (int i = 0; i < 4; i++) {
      Files.copy(from, one.resolve("only/%d.png".formatted(i)));
    }
    Path folder = runs.on(one).train("--max-steps", 2, "--sample-every", 2);
    assertThat(TrainRuns.state(folder).get("model" + TABLE)).hasSize(2 * WIDTH);
    assertThat(TrainRuns.names(folder.resolve("samples"))).hasSize(2);
  }

  @Test
  void beginsWithTheWeightsOfANetworkForOtherClasses() {
    Path first = runs.train("--max-steps", 3, "--ema-decay", 0.5);
    Map<String, List<Integer>> old = TrainRuns.state(first);
    Path file = first.resolve("checkpoints/0000003.pt");
    // A step too small to change a float32 that is not 0.
    Object[] still = {"--max-steps", 1, "--lr", 1e-30, "--ema-decay", 0, "--init-from", file};
    Map<String, List<Integer>> same = TrainRuns.state(runs.train(still));
    assertThat(same.get("model" + TABLE)).isEqualTo(old.get("ema" + TABLE));
    assertThat(same.get("model/blocks.0.mlp.fc1.weight"))
        .isEqualTo(old.get("ema/blocks.0.mlp.fc1.weight"));
    Object[] more = Arrays.copyOf(still, still.length + 2);
    more[still.length] = "--num-classes";
    more[still.length + 1] = 14;
    Map<String, List<Integer>> wider = TrainRuns.state(runs.train(more));
    assertThat(wider.get("model" + TABLE)).hasSize(15 * WIDTH);
    assertThat(wider.get("model" + TABLE).subList(0, 12 * WIDTH))
        .isEqualTo(old.get("ema" + TABLE).subList(0, 12 * WIDTH));
    assertThat(row(wider, "model", 14)).isEqualTo(row(old, "ema", 12));
    assertThat(
            TrainRuns.state(
                    runs.train(
                        "--init-from",
                        file,
                        "--class-dropout",
                        0,
                        "--num-classes",
                        13,
                        "--max-steps",
                        1,
                        "--lr",
                        1e-30))
                .get("model" + TABLE))
        .as("a table of as many rows is taken as it is")
        .isEqualTo(old.get("ema" + TABLE));
    more[still.length] = "--class-dropout";
    more[still.length + 1] = 0;
    assertThat(TrainRuns.state(runs.train(more)).get("model" + TABLE))
        .as("the null class has no place among the twelve")
        .isEqualTo(old.get("ema" + TABLE).subList(0, 12 * WIDTH));
  }

  @Test
  void endsWhereNumbersEndAndSavesTheStepsBefore() throws IOException {
    Run run = Run.jdit(runs.command("--lr", 1e30));
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err())
        .containsPattern(
            "jdit: step 2 has a \\S+ of NaN \\(the largest weight is \\S+E\\d+ in \\S+\\)")
        .contains("--init-from and a lower --lr");
    assertThat(TrainRuns.checkpoints(runs.latest())).containsExactly("0000001.pt");
    assertThat(Files.readString(runs.latest().resolve("log.txt"))).contains("] step 2 has a ");
  }

  @Test
  void leavesUnreadableImagesOutIfAskedTo() throws IOException {
    Path some = dir.resolve("some");
    Files.createDirectories(some.resolve("a"));
    try (var all = Files.walk(runs.drawings())) {
      for (Path f : all.filter(f -> f.toString().endsWith("0.png")).toList()) {
        Files.copy(f, some.resolve("a/" + f.getParent().getFileName() + ".png"));
      }
    }
    Files.write(some.resolve("a/zz.png"), new byte[] {1, 2, 3});
    Run run = Run.jdit(runs.on(some).command("--max-steps", 1, "--skip-unreadable"));
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.err()).contains("1 of 13 images cannot be read").contains("zz.png");
    assertThat(run.out()).contains("Dataset contains 12 images");
  }
}
