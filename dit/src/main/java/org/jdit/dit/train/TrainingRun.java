package org.jdit.dit.train;

import java.nio.file.Path;
import java.time.Instant;
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
import org.jdit.dit.train.log.Metrics;
import org.jdit.dit.train.log.MetricsLog;
import org.jdit.dit.train.log.TensorBoardFile;
import org.jdit.dit.train.log.TrainLog;
import org.jdit.tensor.JditException;

/**
 * The loop around the steps: batches, logs, checkpoints, previews. What it computes depends on the
 * settings alone, however often it is stopped and resumed.
 */
public final class TrainingRun {
  /** The columns of the metrics after the step. */
  private static final List<String> COLUMNS =
      List.of(
          "epoch",
          LossPlot.LOSS,
          "mse",
          "vb",
          "grad_norm",
          "lr",
          "images_per_second",
          "wall_time",
          LossPlot.VALIDATION_LOSS,
          "validation_loss_ema");

  /**
   * When to do what.
   *
   * @param maxSteps the last step
   * @param logEvery steps between lines of the log
   * @param checkpointEvery steps between checkpoints
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
    int steps = trainer.schedule().steps();
    timesteps =
        settings.timesteps() == Timesteps.UNIFORM
            ? TimestepSampler.uniform(steps)
            : new LossSecondMomentSampler(steps);
  }

  /**
   * Trains.
   *
   * @param from where the training is
   * @param stop asked after every step
   * @throws JditException if a gradient is not finite, an example cannot be read, or a file cannot
   *     be written
   */
  public End run(Progress from, BooleanSupplier stop) {
    if (timesteps instanceof LossSecondMomentSampler sampler && !from.history().isEmpty()) {
      sampler.restore(from.history());
    }
    Progress progress = from;
    try (MetricsLog metrics = MetricsLog.resume(directory, COLUMNS, from.step());
        TensorBoardFile board =
            from.step() == 0
                ? TensorBoardFile.create(directory, Instant.now())
                : TensorBoardFile.resume(directory, Instant.now(), from.step())) {
      long saved = from.step();
      while (progress.step() < schedule.maxSteps()) {
        progress = step(progress);
        long step = progress.step();
        boolean last = step == schedule.maxSteps();
        boolean stopped = stop.getAsBoolean();
        boolean save = last || stopped || step % schedule.checkpointEvery() == 0;
        if (step % schedule.logEvery() == 0 || (last && progress.window().steps() > 0)) {
          report(progress, save, metrics, board);
          progress =
              new Progress(step, progress.seconds(), Progress.Window.EMPTY, progress.history());
        }
        if (save && step > saved) {
          saved = step;
          log.info("Saved checkpoint to " + save(kept(progress), stop));
        }
        if (schedule.sampleEvery() > 0 && (last || step % schedule.sampleEvery() == 0)) {
          draw(step, board, stop);
        }
        if (stopped && !last) {
          return End.STOPPED;
        }
      }
      plot();
    }
    return End.DONE;
  }

  private void draw(long step, TensorBoardFile board, BooleanSupplier stop) {
    try {
      preview.draw(trainer, step, board);
    } catch (JditException e) {
      if (!stop.getAsBoolean()) {
        throw e;
      }
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

  private Path save(Progress progress, BooleanSupplier stop) {
    try {
      return checkpoints.save(trainer, settings, progress);
    } catch (JditException e) {
      if (!stop.getAsBoolean()) {
        throw e;
      }
      // Ending the process ends files that are being written, but not those begun after.
      return checkpoints.save(trainer, settings, progress);
    }
  }

  private Progress kept(Progress p) {
    return timesteps instanceof LossSecondMomentSampler sampler
        ? new Progress(p.step(), p.seconds(), p.window(), sampler.history())
        : p;
  }

  private Progress step(Progress before) {
    long number = before.step() + 1;
    long start = System.nanoTime();
    BatchLoader.Examples examples = batches.examples(number);
    TimestepSampler.Draw drawn =
        timesteps.draw(settings.batch(), seeds.torch(Purpose.TIMESTEPS, number));
    TimestepSampler.Draw times =
        settings.minSnr().map(w -> w.weigh(drawn, trainer.schedule())).orElse(drawn);
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
    measures.put(LossPlot.LOSS, weighted(result.loss(), times.weights()));
    result.mse().ifPresent(mse -> measures.put("mse", StepResult.mean(mse)));
    result.vb().ifPresent(vb -> measures.put("vb", StepResult.mean(vb)));
    measures.put("grad_norm", result.gradientNorm());
    measures.put("seconds", (System.nanoTime() - start) / 1e9);
    return new Progress(
        number,
        before.seconds() + measures.get("seconds"),
        before.window().plus(measures),
        before.history());
  }

  /** The mean of what is made smaller: the losses with their weights. */
  private static double weighted(float[] losses, List<Double> weights) {
    double sum = 0;
    for (int i = 0; i < losses.length; i++) {
      sum += losses[i] * weights.get(i);
    }
    return sum / losses.length;
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

  private void report(Progress p, boolean validate, MetricsLog metrics, TensorBoardFile board) {
    Map<String, Double> values = new LinkedHashMap<>(p.window().means());
    double seconds = values.remove("seconds");
    values.put("epoch", Math.floor((p.step() - 1) / (double) batches.stepsPerEpoch()));
    values.put("lr", settings.learningRateAt(p.step()));
    values.put("images_per_second", settings.batch() / seconds);
    values.put("wall_time", p.seconds());
    if (validate) {
      validation.ifPresent(v -> values.putAll(v.losses()));
    }
    log.progress(p.step(), values.get(LossPlot.LOSS), 1 / seconds);
    metrics.add(new Metrics(p.step(), values));
    Instant now = Instant.now();
    values.forEach(
        (name, value) -> board.scalar("train/" + name, p.step(), now, value.floatValue()));
  }
}
