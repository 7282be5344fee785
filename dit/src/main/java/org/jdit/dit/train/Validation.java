package org.jdit.dit.train;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
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
  private final int n;

  /**
   * A validation.
   *
   * @param n images at once, those of a portion
   */
  Validation(Trainer trainer, TrainingSet heldBack, int n, Seeds seeds, int workers) {
    this.trainer = trainer;
    this.n = n;
    this.seeds = new Seeds(seeds.random(Purpose.VALIDATION, 0).nextLong());
    batches = new BatchLoader(heldBack, n, this.seeds, BatchLoader.Dropout.NONE, workers);
  }

  /** The mean losses of the weights and of their moving average. */
  Map<String, Double> losses() {
    double weights = 0;
    double ema = 0;
    int count = Math.min(MOST_BATCHES, batches.stepsPerEpoch());
    for (int i = 1; i <= count; i++) {
      BatchLoader.Examples e = batches.examples(i);
      TimestepSampler.Draw t =
          TimestepSampler.uniform(trainer.diffusion().schedule().steps())
              .draw(n, seeds.torch(Purpose.TIMESTEPS, i));
      Batch batch = new Batch(e.xStart(), Arrays.stream(e.labels()).boxed().toList(), e.noise(), t);
      weights += StepResult.mean(trainer.loss(TrainStep.PARAMETERS, batch));
      ema += StepResult.mean(trainer.loss(TrainStep.EMA, batch));
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
