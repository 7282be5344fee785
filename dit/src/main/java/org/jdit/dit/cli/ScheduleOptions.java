package org.jdit.dit.cli;

import java.util.Optional;
import org.jdit.dit.train.TrainingRun;
import org.jdit.tensor.JditException;
import picocli.CommandLine.Option;

/** The options of {@code jdit train} that say when what is done. */
final class ScheduleOptions {
  private static final int OFFICIAL_EPOCHS = 1400;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "Times through the data. Default: 1400, unless --max-steps says when to end.")
  private Optional<Integer> epochs = Optional.empty();

  @Option(
      names = "--max-steps",
      paramLabel = "N",
      description = "Steps to train in all. Default: as --epochs says.")
  private Optional<Long> maxSteps = Optional.empty();

  @Option(
      names = "--log-every",
      defaultValue = "100",
      paramLabel = "N",
      description = "Steps between lines of the log. Default: ${DEFAULT-VALUE}.")
  private int logEvery;

  @Option(
      names = "--ckpt-every",
      defaultValue = "50000",
      paramLabel = "N",
      description = "Steps between checkpoints. Default: ${DEFAULT-VALUE}.")
  private int checkpointEvery;

  @Option(
      names = "--keep-ckpts",
      defaultValue = "3",
      paramLabel = "N",
      description = "Checkpoints to keep, the latest. Default: ${DEFAULT-VALUE}.")
  private int keep;

  @Option(
      names = "--sample-every",
      defaultValue = "0",
      paramLabel = "N",
      description =
          "Steps between grids of samples of the weights and of their average; 0 for none. "
              + "Default: ${DEFAULT-VALUE}.")
  private int sampleEvery;

  /**
   * Checks the ranges.
   *
   * @throws JditException naming the option that lies outside
   */
  void check() {
    atLeast(1, "--epochs", epochs.orElse(1));
    atLeast(1, "--max-steps", maxSteps.orElse(1L));
    atLeast(1, "--log-every", logEvery);
    atLeast(1, "--ckpt-every", checkpointEvery);
    atLeast(1, "--keep-ckpts", keep);
    atLeast(0, "--sample-every", sampleEvery);
  }

  private static void atLeast(long least, String option, long value) {
    if (value < least) {
      throw new JditException("%s is %d or more, not %d".formatted(option, least, value));
    }
  }

  /** The step to end with. */
  long lastStep(int stepsPerEpoch) {
    long byEpochs = byEpochs(stepsPerEpoch);
    return epochs.isPresent()
        ? Math.min(byEpochs, maxSteps.orElse(byEpochs))
        : maxSteps.orElse(byEpochs);
  }

  /** What would have to be larger for a later last step. */
  String limit(int stepsPerEpoch) {
    if (maxSteps.isEmpty()) {
      return "--epochs";
    }
    int compared = Long.compare(byEpochs(stepsPerEpoch), maxSteps.get());
    if (epochs.isEmpty() || compared > 0) {
      return "--max-steps";
    }
    return compared < 0 ? "--epochs" : "--epochs and --max-steps";
  }

  private long byEpochs(int stepsPerEpoch) {
    return (long) epochs.orElse(OFFICIAL_EPOCHS) * Math.max(1, stepsPerEpoch);
  }

  /** The schedule, with its last step. */
  TrainingRun.Schedule upTo(long lastStep) {
    return new TrainingRun.Schedule(lastStep, logEvery, checkpointEvery, sampleEvery);
  }

  /** How many checkpoints are kept. */
  int keep() {
    return keep;
  }

  /** Whether samples are drawn on the way. */
  boolean draws() {
    return sampleEvery > 0;
  }
}
