package org.jdit.dit.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * A training that cannot be begun says why in one message and leaves nothing, not even a folder.
 * The cases are those of docs/bad-input.md, which must show just these.
 */
class BadTrainingTest {
  private static final Path DIT = Run.resource("e2e/dit.pt");

  @TempDir private Path dir;

  private List<Misuse> cases() throws IOException {
    TrainRuns runs = TrainRuns.in(dir);
    Path empty = Files.createDirectory(dir.resolve("empty"));
    Path none = Files.createDirectories(dir.resolve("none"));
    Files.createDirectories(none.resolve("otter"));
    Path broken = Files.createDirectories(dir.resolve("broken"));
    Files.createDirectories(broken.resolve("otter"));
    Files.write(broken.resolve("otter/torn.png"), new byte[] {1, 2, 3});
    Path file = Files.createFile(dir.resolve("file"));
    List<Object> onlyModel = List.of("train", "--model", "DiT-S/8");
    return List.of(
        new Misuse("nothing to train on", 2, "give --data-path or --feature-path", onlyModel),
        bad(
            "no folder of images",
            1,
            "there is no folder of training images",
            runs.on(dir.resolve("absent"))),
        bad("an empty folder of images", 1, "has no folders", runs.on(empty)),
        bad("a class without images", 1, "no image", runs.on(none)),
        bad("an image that cannot be read", 1, "--skip-unreadable", runs.on(broken)),
        bad("nothing left of the images", 1, "none is left", runs.on(broken), "--skip-unreadable"),
        bad(
            "a batch larger than the data",
            1,
            "fewer than a batch of 25",
            runs,
            "--global-batch-size",
            25),
        bad(
            "a batch larger than what is held back",
            1,
            "held back for validation have 2 examples",
            runs,
            "--val-split",
            0.1),
        bad(
            "fewer classes than the data",
            1,
            "the data have 12 classes, but the network 3",
            runs,
            "--num-classes",
            3),
        bad("results under a file", 1, "is not a directory", runs.into(file.resolve("results"))),
        bad(
            "latents of images",
            2,
            "extract them first",
            runs,
            "--space",
            "latent",
            "--model",
            "DiT-S/2"),
        bad("portions that do not divide", 2, "3 equal portions", runs, "--accumulate", 3),
        bad("a learning rate of nothing", 2, "must be positive, not 0.0", runs, "--lr", 0),
        bad("all data held back", 2, "from 0 to below 1, not 1.0", runs, "--val-split", 1),
        bad("all labels dropped", 2, "label dropout of 1.0", runs, "--class-dropout", 1),
        bad("no such timesteps", 2, "not 'magic'", runs, "--schedule-sampler", "magic"),
        bad(
            "no steps",
            2,
            "--max-steps is 1 or more, not -5000000000",
            runs,
            "--max-steps",
            -5_000_000_000L),
        bad(
            "a share that holds nothing back",
            1,
            "not one to hold back for validation",
            runs,
            "--val-split",
            0.01),
        bad(
            "a network too large to train",
            1,
            "8,509,481,056 parameters cannot be trained",
            runs,
            "--model",
            "4096x28x16/4"),
        bad("a norm below nothing", 2, "must be positive, not -1.0", runs, "--clip-norm", -1),
        bad("a weight decay without end", 2, "not Infinity", runs, "--weight-decay", "Infinity"),
        bad("no worker", 2, "--num-workers is 1 or more", runs, "--num-workers", 0),
        bad("an average of nothing", 2, "--ema-decay is from 0 to below 1", runs, "--ema-decay", 1),
        bad(
            "a patch that does not divide",
            2,
            "do not divide into patches of 3x3",
            runs,
            "--model",
            "16x1x2/3"),
        bad("weights of another network", 1, "but the network needs", runs, "--init-from", DIT),
        bad(
            "weights that are not there",
            1,
            "absent.pt",
            runs,
            "--init-from",
            dir.resolve("absent.pt")),
        new Misuse(
            "no training to resume",
            1,
            "is no results' folder",
            List.of("train", "--resume", empty)));
  }

  private static Misuse bad(
      String name, int code, String message, TrainRuns runs, Object... options) {
    return new Misuse(name, code, message, List.of(runs.command(options)));
  }

  @TestFactory
  Stream<DynamicTest> saysWhatIsWrongAndLeavesNothing() throws IOException {
    return Misuse.tests("Training", cases(), dir);
  }
}
