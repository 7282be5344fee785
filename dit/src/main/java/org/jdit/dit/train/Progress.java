package org.jdit.dit.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jdit.tensor.JditException;
import org.jdit.weights.torch.SavedValue;

/**
 * How far a training is, beside weights and moments.
 *
 * @param step steps made
 * @param seconds that they took
 * @param window what has been added up since the last record, in a checkpoint with its step, whose
 *     record is made after it
 * @param history losses that the choice of timesteps goes by, see {@link
 *     org.jdit.diffusion.loss.LossSecondMomentSampler#history}; empty if it goes by none
 */
record Progress(long step, double seconds, Window window, List<List<Double>> history) {
  private static final String STEP = "step";
  private static final String SECONDS = "seconds";
  private static final String WINDOW = "window";
  private static final String HISTORY = "timestep_losses";

  /**
   * Sums of several steps.
   *
   * @param steps how many
   * @param sums of each measure, by its name
   */
  record Window(long steps, Map<String, Double> sums) {
    static final Window EMPTY = new Window(0, Map.of());

    Window {
      sums = Map.copyOf(sums);
    }

    /** With one more step. */
    Window plus(Map<String, Double> measures) {
      Map<String, Double> all = new LinkedHashMap<>(sums);
      measures.forEach((name, value) -> all.merge(name, value, Double::sum));
      return new Window(steps + 1, all);
    }

    /** The means. */
    Map<String, Double> means() {
      Map<String, Double> means = new LinkedHashMap<>();
      sums.forEach((name, sum) -> means.put(name, sum / steps));
      return means;
    }
  }

  /** Before the first step. */
  static final Progress NONE = new Progress(0, 0, Window.EMPTY, List.of());

  /** With one more step. */
  Progress plus(Map<String, Double> measures) {
    return new Progress(step + 1, seconds + measures.get(SECONDS), window.plus(measures), history);
  }

  /** With the losses that the choice of timesteps goes by. */
  Progress with(List<List<Double>> losses) {
    return new Progress(step, seconds, window, losses);
  }

  /** When all so far is in a record. */
  Progress recorded() {
    return new Progress(step, seconds, Window.EMPTY, history);
  }

  /** As a checkpoint keeps it. */
  SavedValue.Dict toSaved(Map<String, String> settings) {
    Map<String, SavedValue> sums = new LinkedHashMap<>();
    sums.put(STEP, SavedValue.of(window.steps()));
    window.sums().forEach((name, sum) -> sums.put("sum_" + name, SavedValue.of(sum)));
    Map<String, SavedValue> texts = new LinkedHashMap<>();
    settings.forEach((name, text) -> texts.put(name, SavedValue.of(text)));
    Map<String, SavedValue> all = new LinkedHashMap<>();
    all.put(STEP, SavedValue.of(step));
    all.put(SECONDS, SavedValue.of(seconds));
    all.put(WINDOW, SavedValue.Dict.of(sums));
    all.put(
        HISTORY,
        SavedValue.list(
            history.stream()
                .map(h -> SavedValue.list(h.stream().map(SavedValue::of).toList()))
                .toList()));
    all.put("settings", SavedValue.Dict.of(texts));
    return SavedValue.Dict.of(all);
  }

  /**
   * What a checkpoint kept.
   *
   * @throws JditException if it kept no such thing
   */
  static Progress of(SavedValue.Dict saved, String source) {
    try {
      SavedValue.Dict sums = (SavedValue.Dict) saved.get(WINDOW).orElseThrow();
      Map<String, Double> means = new LinkedHashMap<>();
      sums.entries()
          .forEach(
              (key, value) -> {
                if (key.toString().startsWith("sum_")) {
                  means.put(key.toString().substring(4), decimal(value));
                }
              });
      List<List<Double>> history = new ArrayList<>();
      for (SavedValue one : items(saved.get(HISTORY).orElseThrow())) {
        history.add(items(one).stream().map(Progress::decimal).toList());
      }
      return new Progress(
          integer(saved.get(STEP).orElseThrow()),
          decimal(saved.get(SECONDS).orElseThrow()),
          new Window(integer(sums.get(STEP).orElseThrow()), means),
          history);
    } catch (NoSuchElementException | ClassCastException e) {
      throw unfit(source, e);
    }
  }

  /** The settings that a checkpoint kept. */
  static Map<String, String> settings(SavedValue.Dict saved, String source) {
    if (saved.get("settings").orElse(null) instanceof SavedValue.Dict dict) {
      Map<String, String> settings = new LinkedHashMap<>();
      dict.entries().forEach((key, value) -> settings.put(key.toString(), value.toString()));
      return settings;
    }
    throw unfit(source, null);
  }

  private static JditException unfit(String source, Exception cause) {
    return new JditException(
        source
            + " does not say how far its training was, so it cannot be resumed: begin anew from its"
            + " weights with --init-from",
        cause);
  }

  private static List<SavedValue> items(SavedValue value) {
    return ((SavedValue.Sequence) value).items();
  }

  private static long integer(SavedValue value) {
    return (Long) ((SavedValue.Scalar) value).value();
  }

  private static double decimal(SavedValue value) {
    return (Double) ((SavedValue.Scalar) value).value();
  }
}
