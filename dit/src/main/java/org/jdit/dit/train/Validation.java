package org.jdit.dit.train;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jdit.diffusion.loss.MinSnr;
import org.jdit.diffusion.loss.TimestepSampler;
import org.jdit.dit.data.TrainingSet;
import org.jdit.dit.train.Seeds.Purpose;
import org.jdit.dit.train.log.LossPlot;

/** The loss on examples that are held back, always with the same noise and timesteps. */
final class Validation implements AutoCloseable {
  /** The measure of the loss of the moving average. */
  static final String EMA_LOSS = "validation_loss_ema";

  /** So many batches tell a trend and do not hold training up. */
  private static final int MOST_BATCHES = 16;

  private final Trainer trainer;
  private final BatchLoader batches;
  private final Seeds seeds;
  private final Optional<MinSnr> minSnr;
  private final int n;

  /**
   * A validation.
   *
   * @param settings of the training; a portion of its batches is seen at once
   */
  Validation(
      Trainer trainer, TrainingSet heldBack, TrainSettings settings, Seeds seeds, int workers) {
    this.trainer = trainer;
    n = settings.portion();
    minSnr = settings.minSnr();
    this.seeds = new Seeds(seeds.random(Purpose.VALIDATION, 0).nextLong());
    batches = new BatchLoader(heldBack, n, this.seeds, BatchLoader.Dropout.NONE, workers);
  }

  /** The mean losses of the weights and of their moving average, weighed as in training. */
  Map<String, Double> losses() {
    double weights = 0;
    double ema = 0;
    int count = Math.min(MOST_BATCHES, batches.stepsPerEpoch());
    for (int i = 1; i <= count; i++) {
      BatchLoader.Examples e = batches.examples(i);
      TimestepSampler.Draw drawn =
          TimestepSampler.uniform(trainer.diffusion().schedule().steps())
              .draw(n, seeds.torch(Purpose.TIMESTEPS, i));
      TimestepSampler.Draw t = minSnr.map(w -> w.weigh(drawn, trainer.diffusion())).orElse(drawn);
      Batch batch = new Batch(e.xStart(), Arrays.stream(e.labels()).boxed().toList(), e.noise(), t);
      weights += StepResult.mean(trainer.loss(TrainStep.PARAMETERS, batch), t.weights());
      ema += StepResult.mean(trainer.loss(TrainStep.EMA, batch), t.weights());
    }
    Map<String, Double> losses = new LinkedHashMap<>();
    losses.put(LossPlot.VALIDATION_LOSS, weights / count);
    losses.put(EMA_LOSS, ema / count);
    return losses;
  }

  @Override
  public void close() {
    batches.close();
  }
}
