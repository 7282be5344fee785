package org.jdit.weights;

import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Spec;
import org.jdit.tensor.io.Mappable;
import org.jdit.tensor.io.TensorFile;
import org.jdit.weights.pickle.PickleValue;
import org.jdit.weights.pickle.PickleValue.Dict;
import org.jdit.weights.pickle.PickleValue.Instance;
import org.jdit.weights.pickle.PickleValue.Scalar;
import org.jdit.weights.torch.SavedValue;
import org.jdit.weights.torch.StateDict;
import org.jdit.weights.torch.TorchFile;
import org.jdit.weights.torch.TorchWriter;

/**
 * A training that can be continued, as the official train.py saves it: {@code {"model", "ema",
 * "opt", "args"}}, and under {@code jdit} what train.py has no place for. torch loads the file with
 * {@code weights_only}, since {@code args} is a dict here; the Namespace of train.py reads too.
 *
 * <p>Tensors are mapped one by one and can be while this is open; closing their files does nothing.
 * Not changed after opening, so safe for use by several threads.
 */
public final class TrainingCheckpoint implements AutoCloseable {
  private static final String MODEL = "model";
  private static final String EMA = "ema";
  private static final String OPT = "opt";
  private static final String ARGS = "args";
  private static final String JDIT = "jdit";

  private final TorchFile file;
  private final StateDict model;
  private final StateDict ema;
  private final OptimizerState optimizer;
  private final Map<String, SavedValue.Scalar> args;
  private final SavedValue.Dict jdit;

  private TrainingCheckpoint(TorchFile file) {
    this.file = file;
    if (!(file.root() instanceof Dict root)) {
      throw new JditException(
          file.source() + " holds no dict of a training; open one that a training saved");
    }
    this.model = weights(file, root, MODEL);
    this.ema = weights(file, root, EMA);
    checkSame(file.source(), model.tensors(), ema.tensors());
    this.optimizer = OptimizerState.of(file, dict(file, root, OPT), model.tensors());
    this.args = plain(part(file, root, ARGS));
    this.jdit =
        switch (root.get(JDIT).map(v -> file.value(JDIT, v)).orElse(SavedValue.Dict.EMPTY)) {
          case SavedValue.Dict dict -> dict;
          default -> throw noDict(file, JDIT);
        };
  }

  /**
   * Writes a checkpoint, one tensor at a time. It appears complete or not at all, even if the
   * process is killed; what was there before stays until then.
   *
   * @throws JditException if it cannot be written
   */
  public static void write(Path file, TrainingContents contents) {
    Map<String, SavedValue> root = new LinkedHashMap<>();
    root.put(MODEL, new SavedValue.Tensors(contents.model()));
    root.put(EMA, new SavedValue.Tensors(contents.ema()));
    root.put(OPT, OptimizerState.save(contents));
    root.put(ARGS, SavedValue.Dict.of(contents.args()));
    root.put(JDIT, contents.jdit());
    TorchWriter.write(file, Map.of(), SavedValue.Dict.of(root));
  }

  /**
   * Opens a checkpoint of JDiT or of train.py. Reads what describes the tensors, not the tensors.
   *
   * @throws JditException if it is missing, damaged, lacks a part, or its parts do not fit one
   *     another
   */
  public static TrainingCheckpoint open(Path path) {
    return open(Mappable.open(path));
  }

  /** As {@link #open(Path)} for bytes that are open already; they are closed with the result. */
  static TrainingCheckpoint open(Mappable bytes) {
    TorchFile file = TorchFile.open(bytes);
    try {
      return new TrainingCheckpoint(file);
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static PickleValue part(TorchFile file, Dict root, String name) {
    return root.get(name)
        .orElseThrow(
            () ->
                new JditException(
                    "%s has no '%s'; a training can be continued only from a whole checkpoint"
                        .formatted(file.source(), name)));
  }

  private static Dict dict(TorchFile file, Dict root, String name) {
    if (part(file, root, name) instanceof Dict dict) {
      return dict;
    }
    throw noDict(file, name);
  }

  private static JditException noDict(TorchFile file, String name) {
    return new JditException(
        "%s has a '%s' that is no dict; it is no checkpoint of a training"
            .formatted(file.source(), name));
  }

  private static StateDict weights(TorchFile file, Dict root, String name) {
    StateDict tensors = file.tensors(dict(file, root, name));
    if (!tensors.unreadable().isEmpty()) {
      throw new JditException(
          "%s has a tensor of a kind that is not supported in '%s': %s"
              .formatted(file.source(), name, tensors.unreadable().getFirst()));
    }
    if (tensors.tensors().isEmpty()) {
      throw new JditException("%s has no tensors in '%s'".formatted(file.source(), name));
    }
    return tensors;
  }

  private static void checkSame(String source, Map<String, Spec> model, Map<String, Spec> ema) {
    if (!model.keySet().equals(ema.keySet())) {
      throw new JditException(source + " has other tensors in 'model' than in 'ema'");
    }
    model.forEach(
        (name, spec) -> {
          if (!spec.shape().equals(ema.get(name).shape())) {
            throw new JditException(
                "%s has %s of shape %s in 'model' and %s in 'ema'"
                    .formatted(source, name, spec.shape(), ema.get(name).shape()));
          }
        });
  }

  /** The plain values of an argparse.Namespace or a dict. */
  private static Map<String, SavedValue.Scalar> plain(PickleValue args) {
    PickleValue values = args instanceof Instance namespace ? namespace.state() : args;
    Map<String, SavedValue.Scalar> plain = new LinkedHashMap<>();
    if (values instanceof Dict dict) {
      for (Dict.Entry e : dict.entries()) {
        if (e.key() instanceof Scalar(String name)
            && e.value() instanceof Scalar(Object value)
            && !(value instanceof BigInteger)) {
          plain.put(name, new SavedValue.Scalar(value));
        }
      }
    }
    return Collections.unmodifiableMap(plain);
  }

  /** The weights by state-dict key, in the file's order. */
  public TensorFile model() {
    return model;
  }

  /** Their moving averages: the same keys and shapes. */
  public TensorFile ema() {
    return ema;
  }

  /** AdamW's running means of the gradients, by the keys of those weights that have any. */
  public TensorFile expAvg() {
    return optimizer.expAvg();
  }

  /** AdamW's running means of the squared gradients, by the same keys. */
  public TensorFile expAvgSq() {
    return optimizer.expAvgSq();
  }

  /**
   * How often AdamW has updated each weight, by the same keys; reads the counts from the file.
   *
   * @throws JditException if one is no count
   */
  public Map<String, Long> steps() {
    return optimizer.readSteps(file);
  }

  /** The numbers of the optimizer. */
  public AdamWSettings settings() {
    return optimizer.settings();
  }

  /**
   * The arguments of the training that are plain values (ints of at most 64 bits), in the file's
   * order.
   */
  public Map<String, SavedValue.Scalar> args() {
    return args;
  }

  /** What {@link TrainingContents#jdit} was; empty in a checkpoint of train.py. */
  public SavedValue.Dict jdit() {
    return jdit;
  }

  /** How messages call the file. */
  public String source() {
    return file.source();
  }

  @Override
  public void close() {
    file.close();
  }
}
