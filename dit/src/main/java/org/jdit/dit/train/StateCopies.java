package org.jdit.dit.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import org.jdit.nn.optim.ParameterVector;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;

/**
 * The vectors of a training's state as entries of a file. Each is copied when the first of its
 * tensors is due, and let go when the second vector after it is: no more than {@link #AT_ONCE} are
 * in memory.
 */
final class StateCopies implements AutoCloseable {
  /** So many vectors are copied at once: a file has the moments of a weight beside each other. */
  static final int AT_ONCE = 2;

  private record Copy(TensorScope scope, Map<String, Tensor> parts) {}

  private final Trainer trainer;
  private final SequencedMap<String, Copy> copies = new LinkedHashMap<>();

  StateCopies(Trainer trainer) {
    this.trainer = trainer;
  }

  /**
   * The weights or their average by name, in the order of the model, the position table among them.
   *
   * @param vector {@link TrainStep#PARAMETERS} or {@link TrainStep#EMA}
   */
  List<TensorEntry> weights(String vector) {
    ParameterVector trained = trainer.parameters();
    List<TensorEntry> entries = new ArrayList<>();
    trainer
        .shapes()
        .forEach(
            (name, shape) ->
                entries.add(
                    trained.shapes().containsKey(name)
                        ? entry(vector, name)
                        : TensorEntry.lazy(
                            name, new Spec(shape, DType.F32), scope -> trainer.read(name, scope))));
    return entries;
  }

  /** A tensor of a vector. */
  TensorEntry entry(String vector, String name) {
    Spec spec = new Spec(trainer.parameters().shapes().get(name), DType.F32);
    return new TensorEntry(name, spec, out -> out.accept(copy(vector).get(name)));
  }

  /** The vectors that are in memory now. */
  Set<String> held() {
    return Set.copyOf(copies.keySet());
  }

  private Map<String, Tensor> copy(String vector) {
    Copy known = copies.get(vector);
    if (known != null) {
      return known.parts();
    }
    if (copies.size() == AT_ONCE) {
      copies.pollFirstEntry().getValue().scope().close();
    }
    TensorScope scope = TensorScope.open(new Memory());
    copies.put(vector, new Copy(scope, trainer.parts(vector, scope)));
    Map<String, Tensor> parts = copies.get(vector).parts();
    checkFinite(vector, parts);
    return parts;
  }

  private static void checkFinite(String vector, Map<String, Tensor> parts) {
    parts.forEach(
        (name, t) -> {
          for (float f : t.toFloats()) {
            if (!Float.isFinite(f)) {
              throw new JditException(
                  "%s of this training has a %s in %s, so it is not saved; begin anew from the last good checkpoint, with --init-from and a lower --lr or a --clip-norm"
                      .formatted(vector, f, name));
            }
          }
        });
  }

  @Override
  public void close() {
    copies.values().forEach(c -> c.scope().close());
  }
}
