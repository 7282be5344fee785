package org.jdit.weights;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.jdit.tensor.JditException;
import org.jdit.weights.Checkpoint.Choice;
import org.jdit.weights.pickle.PickleValue;
import org.jdit.weights.pickle.PickleValue.Dict;
import org.jdit.weights.pickle.PickleValue.Instance;
import org.jdit.weights.pickle.PickleValue.Scalar;
import org.jdit.weights.torch.StateDict;
import org.jdit.weights.torch.TorchFile;

/**
 * Finds the state dict in what a training saved, as the official {@code find_model}, and the
 * arguments of the training.
 *
 * @param tensors the state dict, its names as they are
 * @param metadata {@code args.*} and the part that was taken
 */
record Training(StateDict tensors, Map<String, String> metadata) {
  private static final String EMA = "ema";
  // state_dict is Lightning's.
  private static final List<String> MODEL = List.of("model", "state_dict");
  // What a training's arguments tell that names and shapes do not.
  private static final List<String> SAID_BY_ARGS =
      List.of("num_classes", "num_heads", "space", "predict_xstart");
  private static final List<String> ARGS = List.of("args", "hyper_parameters");

  static Training of(TorchFile file, Choice choice) {
    if (!(file.root() instanceof Dict root)) {
      throw new JditException(
          "%s holds %s instead of a dict of tensors; save the model's state_dict() with torch.save"
              .formatted(file.source(), describe(file.root())));
    }
    Map<String, String> metadata = new TreeMap<>(file.metadata());
    ARGS.forEach(name -> root.get(name).ifPresent(args -> metadata.putAll(arguments(args))));
    Optional<String> part = part(file, root, choice);
    part.ifPresent(name -> metadata.put(Checkpoint.WEIGHTS, name));
    Dict dict = part.flatMap(root::get).map(Dict.class::cast).orElse(root);
    boolean nested = part.isEmpty() && !file.hasTensors(dict);
    StateDict tensors = nested ? file.allTensors(dict) : file.tensors(dict);
    if (tensors.tensors().isEmpty() && !file.hasTensors(dict)) {
      throw new JditException(file.source() + " holds no tensors");
    }
    return new Training(tensors, metadata);
  }

  private static String describe(PickleValue value) {
    return value instanceof Instance i ? "a Python object (" + i.callee() + ")" : value.toString();
  }

  /** The key of the state dict, or empty if it is the root itself. */
  private static Optional<String> part(TorchFile file, Dict root, Choice choice) {
    boolean ema = isStateDict(file, root, EMA);
    Optional<String> model = MODEL.stream().filter(n -> isStateDict(file, root, n)).findFirst();
    return switch (choice) {
      case AUTO -> ema ? Optional.of(EMA) : model;
      case EMA -> {
        if (!ema && !EMA.equals(file.metadata().get(Checkpoint.WEIGHTS))) {
          throw new JditException(
              file.source() + " has no EMA weights that it calls so; open it without choosing ema");
        }
        yield ema ? Optional.of(EMA) : Optional.empty();
      }
      case MODEL -> model;
    };
  }

  private static boolean isStateDict(TorchFile file, Dict root, String key) {
    return root.get(key).filter(v -> v instanceof Dict d && file.hasTensors(d)).isPresent();
  }

  /** Plain values of an argparse.Namespace or a dict, as {@code args.name}. */
  private static Map<String, String> arguments(PickleValue args) {
    Map<String, String> flat = new TreeMap<>();
    PickleValue values = args instanceof Instance namespace ? namespace.state() : args;
    if (values instanceof Dict dict) {
      for (Dict.Entry e : dict.entries()) {
        if (e.key() instanceof Scalar(String name) && e.value() instanceof Scalar value) {
          flat.put("args." + name, value.toString());
        }
      }
    }
    return flat;
  }

  /** Metadata with those of a config.json, and what either says of the classes. */
  static Map<String, String> join(Map<String, String> metadata, Map<String, String> config) {
    Map<String, String> all = new TreeMap<>(config);
    all.putAll(metadata);
    Function<String, Optional<String>> get = key -> Optional.ofNullable(all.get(key));
    for (String name : SAID_BY_ARGS) {
      get.apply("args." + name).ifPresent(n -> all.putIfAbsent(name, n));
    }
    return all;
  }
}
