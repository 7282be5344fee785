package org.jdit.weights;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.TrainingContents.Moments;
import org.jdit.weights.torch.SavedValue;
import org.jdit.weights.torch.TorchWriter;

/** A small training: a frozen tensor, a matrix and a scalar. */
final class TrainingSample {
  static final AdamWSettings SETTINGS = new AdamWSettings(3e-4, 0.9, 0.95, 1e-8, 0.01);

  private static final float[] NUMBERS = {
    1.5f, -0f, Float.NaN, Float.NEGATIVE_INFINITY, Float.MIN_VALUE, 1 / 3f
  };

  private TrainingSample() {}

  private static TensorEntry entry(TensorScope scope, String name, Shape shape, int from) {
    float[] numbers = new float[(int) shape.numel()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = NUMBERS[(from + i) % NUMBERS.length] * (1 + from);
    }
    return TensorEntry.of(name, scope.of(shape, numbers));
  }

  private static List<TensorEntry> weights(TensorScope scope, int from) {
    return List.of(
        entry(scope, "pos_embed", Shape.of(1, 4), from),
        entry(scope, "blocks.0.weight", Shape.of(2, 3), from + 1),
        entry(scope, "blocks.0.scale", Shape.SCALAR, from + 2));
  }

  static Moments moments(TensorScope scope, long step, Shape shape) {
    return new Moments(step, entry(scope, "", shape, 2), entry(scope, "", shape, 5));
  }

  static SavedValue.Dict progress(Tensor history) {
    Map<SavedValue.Scalar, SavedValue> entries = new LinkedHashMap<>();
    entries.put(SavedValue.of("step"), SavedValue.of(1L << 40));
    entries.put(SavedValue.of("epoch"), SavedValue.of(-3));
    entries.put(SavedValue.of("seed"), SavedValue.of(Long.MIN_VALUE));
    entries.put(SavedValue.of("rate"), SavedValue.of(-0.0));
    entries.put(SavedValue.of("loss"), SavedValue.of(Double.NaN));
    entries.put(SavedValue.of("name"), SavedValue.of("gr\u00fc\u00df \uD83D\uDE00\n"));
    entries.put(SavedValue.of("flip"), SavedValue.of(true));
    entries.put(SavedValue.of("clip"), SavedValue.NONE);
    entries.put(SavedValue.of(7), SavedValue.of("int key"));
    entries.put(SavedValue.of("empty"), SavedValue.Dict.EMPTY);
    entries.put(
        SavedValue.of("sampler"),
        SavedValue.Dict.of(
            Map.of(
                "history",
                SavedValue.of(history),
                "counts",
                SavedValue.list(List.of(SavedValue.of(1), SavedValue.tuple())))));
    return new SavedValue.Dict(entries);
  }

  static Map<String, SavedValue.Scalar> args() {
    Map<String, SavedValue.Scalar> args = new LinkedHashMap<>();
    args.put("model", SavedValue.of("DiT-S/2"));
    args.put("num_classes", SavedValue.of(10));
    args.put("lr", SavedValue.of(1e-4));
    args.put("vae", SavedValue.NONE);
    args.put("amp", SavedValue.of(false));
    return args;
  }

  static TrainingContents contents(TensorScope scope) {
    Map<String, Moments> moments = new LinkedHashMap<>();
    moments.put("blocks.0.weight", moments(scope, 123_457, Shape.of(2, 3)));
    moments.put("blocks.0.scale", moments(scope, 3, Shape.SCALAR));
    Tensor history = scope.of(new Spec(Shape.of(2, 2), DType.F64), 0.1, Double.NaN, -0.0, 1e-320);
    return new TrainingContents(
        weights(scope, 0), weights(scope, 3), moments, SETTINGS, args(), progress(history));
  }

  /** The parts that a file of {@link #contents} has, to be left out or put in wrongly. */
  static Map<String, SavedValue> parts(TensorScope scope) {
    TrainingContents contents = contents(scope);
    Map<String, SavedValue> parts = new LinkedHashMap<>();
    parts.put("model", new SavedValue.Tensors(contents.model()));
    parts.put("ema", new SavedValue.Tensors(contents.ema()));
    parts.put("opt", OptimizerState.save(contents));
    parts.put("args", SavedValue.Dict.of(contents.args()));
    parts.put("jdit", contents.jdit());
    return parts;
  }

  static void write(Path file, Map<String, SavedValue> parts) {
    TorchWriter.write(file, Map.of(), SavedValue.Dict.of(parts));
  }
}
