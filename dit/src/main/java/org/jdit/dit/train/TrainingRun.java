package org.jdit.dit.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jdit.diffusion.loss.LossSecondMomentSampler;
import org.jdit.diffusion.loss.TimestepSampler;
import org.jdit.dit.train.Seeds.Purpose;
import org.jdit.dit.train.TrainSettings.Timesteps;
import org.jdit.dit.train.log.LossPlot;
import org.jdit.dit.train.log.MetricsLog;
import org.jdit.dit.train.log.TensorBoardFile;
import org.jdit.dit.train.log.TrainLog;
import org.jdit.tensor.JditException;

/**
 * The loop around the steps: batches, logs, checkpoints, previews. What it computes depends on the
 * settings alone, however often it is stopped and resumed.
 */
public final class TrainingRun {
  /**
   * When to do what.
   *
   * @param maxSteps the last step
   * @param logEvery steps between records
   * @param checkpointEvery steps between checkpoints, each validated and recorded if there are data
   *     for that
   * @param sampleEvery steps between previews; 0 for none
   */
  public record Schedule(long maxSteps, int logEvery, int checkpointEvery, int sampleEvery) {}

  /** How a run ended. */
  public enum End {
    /** All steps are made. */
    DONE,
    /** It was asked to stop. */
    STOPPED
  }

  /** Makes pictures of what the network has learned so far. */
  @FunctionalInterface
  public interface Preview {
    /** Draws samples and puts them where they belong. */
    void draw(Trainer trainer, long step, TensorBoardFile board);
  }

  private final TrainSettings settings;
  private final Schedule schedule;
  private final Trainer trainer;
  private final BatchLoader batches;
  private final Optional<Validation> validation;
  private final Preview preview;
  private final Checkpoints checkpoints;
  private final Path directory;
  private final TrainLog log;
  private final Seeds seeds;
  private final TimestepSampler timesteps;
  private Progress progress = Progress.NONE;

  /** The step of the last checkpoint. */
  private long saved;

  TrainingRun(
      TrainSettings settings,
      Schedule schedule,
      Trainer trainer,
      BatchLoader batches,
      Optional<Validation> validation,
      Preview preview,
      Checkpoints checkpoints,
      Path directory,
      TrainLog log) {
    this.settings = settings;
    this.schedule = schedule;
    this.trainer = trainer;
    this.batches = batches;
    this.validation = validation;
    this.preview = preview;
    this.checkpoints = checkpoints;
    this.directory = directory;
    this.log = log;
    seeds = new Seeds(settings.seed());
    int steps = trainer.diffusion().schedule().steps();
    timesteps =
        settings.timesteps() == Timesteps.UNIFORM
            ? TimestepSampler.uniform(steps)
            : new LossSecondMomentSampler(steps);
  }

  /**
   * Trains. What ends it with an exception leaves a checkpoint of the steps made before.
   *
   * @param from where the training is
   * @param stop asked after every step
   * @throws JditException if a gradient is not finite, an example cannot be read, or a file cannot
   *     be written
   */
  public End run(Progress from, BooleanSupplier stop) {
    progress = from;
    saved = from.step();
    if (timesteps instanceof LossSecondMomentSampler sampler && !from.history().isEmpty()) {
      sampler.restore(from.history());
    }
    try {
      return last() && MetricsLog.lastStep(directory) == from.step() ? done() : train(stop);
    } catch (JditException e) {
      attempt(e, () -> saveUnsaved(stop));
      attempt(e, () -> log.failure(e.getMessage()));
      throw e;
    }
  }

  private static void attempt(JditException reason, Runnable rescue) {
    try {
      rescue.run();
    } catch (JditException e) {
      reason.addSuppressed(e);
    }
  }

  private End train(BooleanSupplier stop) {
    // A checkpoint comes before the record of its step, so that record is made now. One that is
    // there may be of a training that ended here.
    boolean unrecorded = progress.window().steps() > 0;
    long kept = unrecorded ? progress.step() - 1 : progress.step();
    try (Records records = new Records(directory, settings, batches.stepsPerEpoch(), log, kept)) {
      if (unrecorded) {
        finish(records);
      }
      while (!last()) {
        step();
        boolean stopped = stop.getAsBoolean();
        if (stopped || last() || progress.step() % schedule.checkpointEvery() == 0) {
          saveUnsaved(stop);
        }
        if (stopped && !last()) {
          plot();
          return End.STOPPED;
        }
        finish(records);
      }
    }
    return done();
  }

  private boolean last() {
    return progress.step() >= schedule.maxSteps();
  }

  private End done() {
    plot();
    return End.DONE;
  }

  /** What follows a step and its checkpoint: its record and its pictures, if they are due. */
  private void finish(Records records) {
    long step = progress.step();
    boolean validate = validation.isPresent() && (last() || step % schedule.checkpointEvery() == 0);
    if (last() || validate || step % schedule.logEvery() == 0) {
      records.add(progress, validate ? validation.get().losses() : Map.of());
      progress = progress.recorded();
    }
    if (schedule.sampleEvery() > 0 && (last() || step % schedule.sampleEvery() == 0)) {
      draw(step, records.board());
      plot();
    }
  }

  /** The training is worth more than its samples. */
  private void draw(long step, TensorBoardFile board) {
    try {
      preview.draw(trainer, step, board);
    } catch (JditException e) {
      log.info("No samples of step %d: %s".formatted(step, e.getMessage()));
    }
  }

  /** The training is worth more than its picture, which a machine without fonts cannot draw. */
  private void plot() {
    try {
      LossPlot.write(directory.resolve("loss.png"), MetricsLog.read(directory));
    } catch (JditException e) {
      log.info("No plot of the loss: " + e.getMessage());
    }
  }

  private void saveUnsaved(BooleanSupplier stop) {
    if (progress.step() > saved) {
      saved = progress.step();
      log.info("Saved checkpoint to " + save(stop));
      checkpoints.prune(log::info);
    }
  }

  private Path save(BooleanSupplier stop) {
    Progress whole =
        timesteps instanceof LossSecondMomentSampler sampler
            ? progress.with(sampler.history())
            : progress;
    try {
      return checkpoints.save(trainer, settings, whole);
    } catch (JditException e) {
      if (!stop.getAsBoolean()) {
        throw e;
      }
      // Ending the process ends files that are being written, but not those begun after.
      return checkpoints.save(trainer, settings, whole);
    }
  }

  private void step() {
    long number = progress.step() + 1;
    long start = System.nanoTime();
    BatchLoader.Examples examples = batches.examples(number);
    TimestepSampler.Draw drawn =
        timesteps.draw(settings.batch(), seeds.torch(Purpose.TIMESTEPS, number));
    TimestepSampler.Draw times =
        settings.minSnr().map(w -> w.weigh(drawn, trainer.diffusion())).orElse(drawn);
    List<Batch> portions = portions(examples, times);
    StepResult result = trainer.step(portions, number, settings.learningRateAt(number));
    if (!result.finite()) {
      throw new JditException(
          ("step %d has %s, so training ends; begin anew from the last good checkpoint, with"
                  + " --init-from and a lower --lr or a --clip-norm")
              .formatted(number, trainer.notFinite(portions)));
    }
    if (timesteps instanceof LossSecondMomentSampler sampler) {
      sampler.update(times.timesteps(), result.loss());
    }
    Map<String, Double> measures = new LinkedHashMap<>();
    measures.put(LossPlot.LOSS, StepResult.mean(result.loss(), times.weights()));
    result.mse().ifPresent(mse -> measures.put("mse", StepResult.mean(mse)));
    result.vb().ifPresent(vb -> measures.put("vb", StepResult.mean(vb)));
    measures.put("grad_norm", result.gradientNorm());
    measures.put("seconds", (System.nanoTime() - start) / 1e9);
    progress = progress.plus(measures);
  }

  /** The batch in equal parts. */
  private List<Batch> portions(BatchLoader.Examples e, TimestepSampler.Draw times) {
    int n = settings.portion();
    int each = e.xStart().length / settings.batch();
    List<Batch> portions = new ArrayList<>();
    for (int i = 0; i < settings.batch(); i += n) {
      portions.add(
          new Batch(
              Arrays.copyOfRange(e.xStart(), i * each, (i + n) * each),
              Arrays.stream(e.labels(), i, i + n).boxed().toList(),
              Arrays.copyOfRange(e.noise(), i * each, (i + n) * each),
              new TimestepSampler.Draw(
                  times.timesteps().subList(i, i + n), times.weights().subList(i, i + n))));
    }
    return portions;
  }
}
