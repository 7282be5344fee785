package org.jdit.weights.torch;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorEntry;

/**
 * A value that {@link TorchWriter} saves and {@code torch.load(weights_only=True)} loads: Python's
 * plain values and containers, and tensors.
 */
public sealed interface SavedValue {
  /** Python's {@code None}. */
  Scalar NONE = new Scalar(null);

  /**
   * A plain value.
   *
   * @param value null, {@link Boolean}, {@link Long}, {@link Double} or {@link String}
   */
  record Scalar(Object value) implements SavedValue {
    /**
     * Checks the type.
     *
     * @throws IllegalArgumentException if it is another
     */
    public Scalar {
      switch (value) {
        case null -> {}
        case Boolean _, Long _, Double _, String _ -> {}
        default -> throw new IllegalArgumentException("no plain value: " + value.getClass());
      }
    }

    @Override
    public String toString() {
      return String.valueOf(value);
    }
  }

  /**
   * A list or tuple.
   *
   * @param kind which of them
   * @param items what it contains
   */
  record Sequence(Kind kind, List<SavedValue> items) implements SavedValue {
    /** The Python type of a sequence. */
    public enum Kind {
      LIST,
      TUPLE
    }

    /** Copies the items. */
    public Sequence {
      items = List.copyOf(items);
    }
  }

  /**
   * A dict.
   *
   * @param entries its values by key, in order
   */
  record Dict(Map<Scalar, SavedValue> entries) implements SavedValue {
    /** The empty dict. */
    public static final Dict EMPTY = new Dict(Map.of());

    /** Copies the entries in their order. */
    public Dict {
      entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
    }

    /** A dict with string keys, in the order of {@code entries}. */
    public static Dict of(Map<String, ? extends SavedValue> entries) {
      Map<Scalar, SavedValue> keyed = new LinkedHashMap<>();
      entries.forEach((key, value) -> keyed.put(new Scalar(key), value));
      return new Dict(keyed);
    }

    /** The value of a string key. */
    public Optional<SavedValue> get(String key) {
      return Optional.ofNullable(entries.get(new Scalar(key)));
    }
  }

  /**
   * An OrderedDict of tensors, as a model's {@code state_dict()}. Files read back have it as a
   * {@link Dict}.
   *
   * @param tensors the tensors, their names the keys
   */
  record Tensors(List<TensorEntry> tensors) implements SavedValue {
    /** Copies the list. */
    public Tensors {
      tensors = List.copyOf(tensors);
    }
  }

  /**
   * A tensor.
   *
   * @param entry its numbers; its name is not saved
   */
  record Stored(TensorEntry entry) implements SavedValue {}

  /** A bool. */
  static Scalar of(boolean value) {
    return new Scalar(value);
  }

  /** An int. */
  static Scalar of(long value) {
    return new Scalar(value);
  }

  /** A float. */
  static Scalar of(double value) {
    return new Scalar(value);
  }

  /** A str. */
  static Scalar of(String value) {
    return new Scalar(value);
  }

  /** A tensor that is in memory. */
  static Stored of(Tensor tensor) {
    return new Stored(TensorEntry.of("", tensor));
  }

  /** A list. */
  static Sequence list(List<? extends SavedValue> items) {
    return new Sequence(Sequence.Kind.LIST, List.copyOf(items));
  }

  /** A tuple. */
  static Sequence tuple(SavedValue... items) {
    return new Sequence(Sequence.Kind.TUPLE, List.of(items));
  }
}
