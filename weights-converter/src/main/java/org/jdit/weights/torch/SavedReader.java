package org.jdit.weights.torch;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Spec;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.weights.pickle.PickleValue;
import org.jdit.weights.torch.SavedValue.Scalar;

/** Turns a part of a pickle into what could be saved again. */
final class SavedReader {
  private static final int MOST_NESTED = 64;
  // Next to a plain value, which takes a byte of a pickle or more; one takes 50 and more.
  private static final int TENSOR = 32;

  private final Storages storages;
  // A pickle may contain one value at many places: they must not outgrow the file.
  private long left;

  SavedReader(Storages storages) {
    this.storages = storages;
    this.left = storages.fileBytes();
  }

  /**
   * The value called {@code name}.
   *
   * @throws JditException if it contains what is no {@link SavedValue}, or more than such a file
   *     would
   */
  SavedValue read(String name, PickleValue value) {
    return read(name, value, 0);
  }

  private SavedValue read(String name, PickleValue value, int depth) {
    spend(1);
    if (depth > MOST_NESTED) {
      throw new JditException(
          "%s nests values in '%s' more than %d deep; the file may be damaged"
              .formatted(storages.source(), name, MOST_NESTED));
    }
    return switch (value) {
      case PickleValue.Scalar s -> scalar(name, s);
      case PickleValue.Sequence s when s.kind() != PickleValue.Sequence.Kind.SET -> {
        List<SavedValue> items =
            s.items().stream().map(item -> read(name, item, depth + 1)).toList();
        boolean list = s.kind() == PickleValue.Sequence.Kind.LIST;
        yield new SavedValue.Sequence(
            list ? SavedValue.Sequence.Kind.LIST : SavedValue.Sequence.Kind.TUPLE, items);
      }
      case PickleValue.Dict dict -> {
        Map<Scalar, SavedValue> entries = new LinkedHashMap<>();
        for (PickleValue.Dict.Entry e : dict.entries()) {
          if (!(e.key() instanceof PickleValue.Scalar s)) {
            throw unknown(name, e.key());
          }
          Scalar key = scalar(name, s);
          entries.put(key, read(key.toString(), e.value(), depth + 1));
        }
        yield new SavedValue.Dict(entries);
      }
      default -> tensor(name, value);
    };
  }

  private Scalar scalar(String name, PickleValue.Scalar s) {
    return switch (s.value()) {
      case null -> SavedValue.NONE;
      case Boolean _, Long _, Double _, String _ -> new Scalar(s.value());
      default -> throw unknown(name, s);
    };
  }

  private SavedValue tensor(String name, PickleValue value) {
    spend(TENSOR);
    Optional<TensorRef> ref = TensorRef.of(value, storages.source());
    if (!(ref.orElse(null) instanceof TensorRef.Stored)) {
      throw unknown(name, value);
    }
    StateDict tensors = new StateDict(storages);
    tensors.addAll(Map.of(name, value));
    Spec spec = tensors.tensors().get(name);
    return new SavedValue.Stored(TensorEntry.lazy(name, spec, scope -> tensors.map(name, scope)));
  }

  private JditException unknown(String name, PickleValue value) {
    return new JditException(
        "%s has something under '%s' that is no plain value, list, tuple, dict or tensor (%s)"
            .formatted(storages.source(), name, value));
  }

  private void spend(int values) {
    left -= values;
    if (left < 0) {
      throw new JditException(
          storages.source() + " repeats values more often than it has bytes; it may be damaged");
    }
  }
}
