package org.jdit.weights.torch;

import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Strided;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.pickle.PickleValue.Dict;
import org.jdit.weights.pickle.PickleValue.Scalar;

/** Tensors of dicts of a torch file; closing it leaves the file open. */
final class StateDict implements TensorFile {
  private static final long SMALL = 1 << 20;

  private final Storages storages;
  private final Map<String, TensorRef> refs = new LinkedHashMap<>();
  private final Map<String, Spec> specs = new LinkedHashMap<>();

  StateDict(Storages storages) {
    this.storages = storages;
  }

  /** Adds the tensors that a dict has under string keys, with {@code prefix} before their names. */
  void addAll(String prefix, Dict dict) {
    for (Dict.Entry e : dict.entries()) {
      if (e.key() instanceof Scalar(String name)) {
        TensorRef.of(e.value(), source()).ifPresent(ref -> add(prefix + name, ref));
      }
    }
  }

  private void add(String name, TensorRef ref) {
    refs.put(name, ref);
    if (ref instanceof TensorRef.Stored t) {
      check(name, t);
      specs.put(name, new Spec(t.layout().shape(), t.dtype()));
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
