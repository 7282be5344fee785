package org.jdit.weights.torch;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Strided;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.pickle.PickleValue;
import org.jdit.weights.pickle.PickleValue.Dict;
import org.jdit.weights.pickle.PickleValue.Scalar;

/** Tensors of dicts of a torch file; closing it leaves the file open. */
public final class StateDict implements TensorFile {
  private static final long SMALL = 1 << 20;
  private static final int LONGEST_NAME = 4096;
  // Names joined of the same keys over and over must not outgrow the file that they come from.
  private static final long NAMES_TO_FILE = 16;

  private final Storages storages;
  private final Map<String, TensorRef> refs = new LinkedHashMap<>();
  private final Map<String, Spec> specs = new LinkedHashMap<>();
  private final List<String> unreadable = new ArrayList<>();
  private long characters;

  StateDict(Storages storages) {
    this.storages = storages;
  }

  /** Adds the tensors that a dict has under string keys, with {@code prefix} before their names. */
  void addAll(String prefix, Dict dict) {
    for (Dict.Entry e : dict.entries()) {
      if (e.key() instanceof Scalar(String name)) {
        TensorRef.of(e.value(), source()).ifPresent(ref -> add(join(prefix, name), ref));
      }
    }
  }

  /** Adds the tensors among {@code values} under the names that they have there. */
  void addAll(Map<String, PickleValue> values) {
    values.forEach((name, value) -> TensorRef.of(value, source()).ifPresent(ref -> add(name, ref)));
  }

  /**
   * The name of what a dict called {@code prefix} has under {@code key}.
   *
   * @throws JditException if it is too long, or all names together are for such a file
   */
  String join(String prefix, String key) {
    long length = (long) prefix.length() + key.length();
    characters += length;
    if (length > LONGEST_NAME || characters > SMALL + NAMES_TO_FILE * storages.fileBytes()) {
      throw new JditException(
          source() + " names its tensors at a length that no model does; the file may be damaged");
    }
    return prefix + key;
  }

  private void add(String name, TensorRef ref) {
    refs.put(name, ref);
    switch (ref) {
      case TensorRef.Stored t -> {
        check(name, t);
        specs.put(name, new Spec(t.layout().shape(), t.dtype()));
      }
      case TensorRef.Foreign f -> unreadable.add("%s (%s)".formatted(name, f.kind()));
    }
  }

  private void check(String name, TensorRef.Stored t) {
    long stored = storages.bytes(t.storage().key());
    if (stored < t.storage().bytes()) {
      throw new JditException(
          "%s: the storage of tensor %s has %d bytes instead of %d; the file may be cut off"
              .formatted(source(), name, stored, t.storage().bytes()));
    }
    boolean inside;
    try {
      long dense = Math.multiplyExact(t.layout().shape().numel(), (long) t.dtype().bytes());
      // A stride of 0 can claim any size for one number; no checkpoint does so beyond reason.
      inside =
          t.layout().end() <= t.storage().bytes() / t.dtype().bytes()
              && dense <= Math.max(SMALL, storages.fileBytes());
    } catch (ArithmeticException e) {
      inside = false;
    }
    if (!inside) {
      throw new JditException(
          "%s: tensor %s of shape %s reaches beyond its storage; the file may be damaged"
              .formatted(source(), name, t.layout().shape()));
    }
  }

  @Override
  public String source() {
    return storages.source();
  }

  @Override
  public Map<String, String> metadata() {
    return Map.of();
  }

  @Override
  public Map<String, Spec> tensors() {
    return Collections.unmodifiableMap(specs);
  }

  /**
   * The tensors, each with its kind, that are not among {@link #tensors} because their type has no
   * counterpart here (complex, quantised, sparse).
   */
  public List<String> unreadable() {
    return Collections.unmodifiableList(unreadable);
  }

  /**
   * As {@link TensorFile#map}; a tensor whose type has no counterpart here (complex, quantised,
   * sparse) is refused by name.
   */
  @Override
  public Tensor map(String name, TensorScope scope) {
    return switch (refs.get(name)) {
      case null -> throw new IllegalArgumentException("no tensor " + name + " in " + source());
      case TensorRef.Foreign f ->
          throw new JditException(
              "%s: tensor %s is of a kind that is not supported (%s)"
                  .formatted(source(), name, f.kind()));
      case TensorRef.Stored t -> {
        Strided layout = t.layout();
        int bytes = t.dtype().bytes();
        boolean empty = layout.shape().numel() == 0;
        long from = empty ? 0 : layout.offset() * bytes;
        MemorySegment data =
            storages.map(t.storage().key(), from, empty ? 0 : layout.end() * bytes, scope);
        yield scope.wrap(data, t.dtype(), new Strided(layout.shape(), 0, layout.strides()));
      }
    };
  }

  @Override
  public void close() {}
}
