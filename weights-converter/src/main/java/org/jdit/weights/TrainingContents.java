package org.jdit.weights;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdit.tensor.Shape;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.weights.torch.SavedValue;

/**
 * What {@link TrainingCheckpoint#write} saves. Numbers of tensors are asked for one by one while
 * they are written, so none need be in memory before.
 *
 * @param model the weights by state-dict key, in the order of the model's {@code parameters()} in
 *     torch; frozen ones, as the position table of the official DiT, included
 * @param ema their moving averages: the same keys and shapes, in the same order
 * @param moments what AdamW keeps of each trainable weight, by state-dict key
 * @param settings the numbers of the optimizer
 * @param args the arguments of the training
 * @param jdit whatever else continues the training; torch passes over it
 */
public record TrainingContents(
    List<TensorEntry> model,
    List<TensorEntry> ema,
    Map<String, Moments> moments,
    AdamWSettings settings,
    Map<String, SavedValue.Scalar> args,
    SavedValue.Dict jdit) {
  /**
   * What AdamW keeps of a weight. The names of the tensors do not matter.
   *
   * @param step updates made so far; saved as float32, as torch does, which is exact to 2^24
   * @param expAvg running mean of the gradient, of the weight's shape
   * @param expAvgSq running mean of its square, of the weight's shape
   */
  public record Moments(long step, TensorEntry expAvg, TensorEntry expAvgSq) {}

  /**
   * Copies the lists and maps in their order.
   *
   * @throws IllegalArgumentException if keys or shapes do not fit one another
   */
  public TrainingContents {
    model = List.copyOf(model);
    ema = List.copyOf(ema);
    moments = Collections.unmodifiableMap(new LinkedHashMap<>(moments));
    args = Collections.unmodifiableMap(new LinkedHashMap<>(args));
    Map<String, Shape> shapes =
        model.stream()
            .collect(
                Collectors.toMap(
                    TensorEntry::name,
                    t -> t.spec().shape(),
                    (_, _) -> {
                      throw new IllegalArgumentException("two weights have the same key");
                    }));
    if (!keys(model).equals(keys(ema))) {
      throw new IllegalArgumentException("model and ema have different keys");
    }
    ema.forEach(t -> check(t.name(), t, shapes));
    moments.forEach(
        (name, m) -> {
          check(name, m.expAvg(), shapes);
          check(name, m.expAvgSq(), shapes);
        });
  }

  private static List<String> keys(List<TensorEntry> tensors) {
    return tensors.stream().map(TensorEntry::name).toList();
  }

  private static void check(String name, TensorEntry t, Map<String, Shape> shapes) {
    if (!shapes.containsKey(name)) {
      throw new IllegalArgumentException("moments of %s, which is no weight".formatted(name));
    }
    if (!t.spec().shape().equals(shapes.get(name))) {
      throw new IllegalArgumentException(
          "weight %s is of shape %s, not %s".formatted(name, shapes.get(name), t.spec().shape()));
    }
  }
}
