package org.jdit.dit.train;

import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;
import org.jdit.diffusion.loss.MinSnr;
import org.jdit.dit.data.TrainingSet;
import org.jdit.dit.model.Space;
import org.jdit.dit.train.TrainSettings.Timesteps;
import org.jdit.dit.train.log.TrainLog;
import org.jdit.nn.optim.Ema;
import org.jdit.tensor.autodiff.Autodiff.InnerValues;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Precision;

/**
 * Trainings of a tiny network on {@link #EXAMPLES} examples, a quarter of them held back.
 *
 * @param backend computes
 */
record TinyRuns(Backend backend) {
  static final int EXAMPLES = 12;

  static final TrainSettings USUAL = settings(Timesteps.UNIFORM, 1e-3);

  /** The usual settings with weights on the losses that are next to nothing. */
  static final TrainSettings NEXT_TO_NOTHING =
      settings(Timesteps.UNIFORM, 1e-3, Optional.of(new MinSnr(1e-9)));

  /** The usual settings but for these. */
  static TrainSettings settings(Timesteps timesteps, double learningRate) {
    return settings(timesteps, learningRate, Optional.empty());
  }

  private static TrainSettings settings(
      Timesteps timesteps, double learningRate, Optional<MinSnr> minSnr) {
    return new TrainSettings(
        TinySet.network(),
        "tiny",
        Space.PIXEL,
        0,
        2,
        1,
        learningRate,
        0,
        0,
        new Ema(0.9, false),
        OptionalDouble.empty(),
        false,
        timesteps,
        minSnr,
        0.25,
        false,
        Precision.FP32);
  }

  /**
   * Goes on with a training up to a step. Records come every third step and checkpoints every
   * second.
   */
  TrainingRun.End run(
      Path folder, TrainSettings settings, TrainingSet set, long steps, BooleanSupplier stop) {
    try (Training training = new Training(backend, settings, set, InnerValues.KEPT, 1);
        TrainLog log =
            new TrainLog(
                folder.resolve("log.txt"),
                new PrintWriter(Writer.nullWriter()),
                false,
                Clock.systemUTC())) {
      Training.Start start =
          Training.latest(folder).map(training::resume).orElseGet(training::start);
      return start.run(
          folder, new TrainingRun.Schedule(steps, 3, 2, 0), 9, Optional.empty(), log, stop);
    }
  }
}
