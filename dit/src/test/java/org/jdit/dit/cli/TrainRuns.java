package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jdit.dit.train.log.Metrics;
import org.jdit.dit.train.log.MetricsLog;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.TrainingCheckpoint;

/**
 * Trainings of a few steps of a tiny network on drawings of 16 pixels.
 *
 * @param drawings folder of 24 drawings in 12 classes
 * @param results where they leave their folders
 */
record TrainRuns(Path drawings, Path results) {
  /** Draws the drawings. */
  static TrainRuns in(Path dir) {
    Path drawings = dir.resolve("drawings");
    Run run = Run.jdit("dataset", "demo", "--out", drawings, "--per-class", 2, "--size", 16);
    assertThat(run.code()).as(run.err()).isZero();
    return new TrainRuns(drawings, dir.resolve("results"));
  }

  /** With another place for results. */
  TrainRuns into(Path other) {
    return new TrainRuns(drawings, other);
  }

  /** On other drawings. */
  TrainRuns on(Path other) {
    return new TrainRuns(other, results);
  }

  /** The words of a command; later options replace earlier ones of the same name. */
  Object[] command(Object... options) {
    Map<Object, Object> all = new LinkedHashMap<>();
    List<Object> flags = new ArrayList<>();
    all.put("--data-path", drawings);
    all.put("--space", "pixel");
    all.put("--image-size", 16);
    all.put("--model", "16x1x2/4");
    all.put("--global-batch-size", 4);
    all.put("--lr", 1e-3);
    all.put("--max-steps", 6);
    all.put("--log-every", 1);
    all.put("--results-dir", results);
    for (int i = 0; i < options.length; i++) {
      boolean flag = i + 1 == options.length || options[i + 1].toString().startsWith("--");
      if (flag) {
        flags.add(options[i]);
      } else {
        all.put(options[i], options[++i]);
      }
    }
    List<Object> words = new ArrayList<>(List.of("train"));
    all.forEach((option, value) -> words.addAll(List.of(option, value)));
    words.addAll(flags);
    return words.toArray();
  }

  /** Trains and returns the results' folder. */
  Path train(Object... options) {
    Run run = Run.jdit(command(options));
    assertThat(run.code()).as(run.err()).isZero();
    return latest();
  }

  /** The folder of the latest training. */
  Path latest() {
    try (Stream<Path> all = Files.list(results)) {
      return all.sorted().toList().getLast();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Goes on with a training. */
  static Run resume(Path folder, Object... options) {
    return Run.jdit(
        Stream.concat(Stream.of("train", "--resume", folder), Stream.of(options)).toArray());
  }

  /** Names of the checkpoints in a results' folder. */
  static List<String> checkpoints(Path folder) {
    return names(folder.resolve("checkpoints"));
  }

  /** Names of the files in a folder. */
  static List<String> names(Path folder) {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(f -> f.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What a results' folder has logged, by step, without what depends on the clock. */
  static Map<Long, Map<String, Double>> metrics(Path folder) {
    Map<Long, Map<String, Double>> all = new LinkedHashMap<>();
    for (Metrics m : MetricsLog.read(folder)) {
      Map<String, Double> values = new LinkedHashMap<>(m.values());
      values.keySet().removeAll(List.of("wall_time", "images_per_second"));
      all.put(m.step(), values);
    }
    return all;
  }

  /** All numbers in the latest checkpoint of a results' folder, bit by bit. */
  static Map<String, List<Integer>> state(Path folder) {
    Path file = folder.resolve("checkpoints").resolve(checkpoints(folder).getLast());
    Map<String, List<Integer>> all = new LinkedHashMap<>();
    try (TrainingCheckpoint c = TrainingCheckpoint.open(file)) {
      put(all, "model", c.model());
      put(all, "ema", c.ema());
      put(all, "exp_avg", c.expAvg());
      put(all, "exp_avg_sq", c.expAvgSq());
    }
    return all;
  }

  private static void put(Map<String, List<Integer>> all, String prefix, TensorFile file) {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      for (String key : file.tensors().keySet()) {
        all.put(prefix + "/" + key, bits(file.map(key, scope).toFloats()));
      }
    }
  }

  private static List<Integer> bits(float[] values) {
    int[] bits = new int[values.length];
    Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
    return Arrays.stream(bits).boxed().toList();
  }
}
