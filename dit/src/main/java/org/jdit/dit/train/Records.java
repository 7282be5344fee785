package org.jdit.dit.train;

import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdit.dit.train.log.LossPlot;
import org.jdit.dit.train.log.Metrics;
import org.jdit.dit.train.log.MetricsLog;
import org.jdit.dit.train.log.TensorBoardFile;
import org.jdit.dit.train.log.TrainLog;

/** What a run measures, in all the places where it is written down. */
final class Records implements AutoCloseable {
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
          Validation.EMA_LOSS);

  private static final String VALIDATION = "validation_";

  private final TrainSettings settings;
  private final int stepsPerEpoch;
  private final TrainLog log;
  private final MetricsLog metrics;
  private final TensorBoardFile board;

  /**
   * Goes on with the records in a directory, or begins them.
   *
   * @param step the last whose record is kept, if there is one
   */
  Records(Path directory, TrainSettings settings, int stepsPerEpoch, TrainLog log, long step) {
    this.settings = settings;
    this.stepsPerEpoch = stepsPerEpoch;
    this.log = log;
    metrics = MetricsLog.resume(directory, COLUMNS, step);
    try {
      board = TensorBoardFile.resume(directory, Instant.now(), step);
    } catch (RuntimeException e) {
      metrics.close();
      throw e;
    }
  }

  TensorBoardFile board() {
    return board;
  }

  /** Writes the means of what was measured since the last record, and what validation found. */
  void add(Progress p, Map<String, Double> validation) {
    Map<String, Double> values = new LinkedHashMap<>(p.window().means());
    double seconds = values.remove("seconds");
    values.put("epoch", Math.floor((p.step() - 1) / (double) stepsPerEpoch));
    values.put("lr", settings.learningRateAt(p.step()));
    values.put("images_per_second", settings.batch() / seconds);
    values.put("wall_time", p.seconds());
    values.putAll(validation);
    log.progress(p.step(), values.get(LossPlot.LOSS), 1 / seconds);
    metrics.add(new Metrics(p.step(), values));
    Instant now = Instant.now();
    values.forEach((name, value) -> board.scalar(chart(name), p.step(), now, value.floatValue()));
  }

  private static String chart(String name) {
    return name.startsWith(VALIDATION)
        ? "validation/" + name.substring(VALIDATION.length())
        : "train/" + name;
  }

  @Override
  public void close() {
    try (metrics) {
      board.close();
    }
  }
}
