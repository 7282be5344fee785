package org.jdit.tensor.io;

import java.util.function.Consumer;
import java.util.function.Function;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;

/**
 * A tensor to be written to a file. Its spec is known beforehand, its numbers are asked for when
 * they are due, so that a file may be larger than the memory.
 *
 * @param name its name in the file
 * @param spec its shape and the element type it is stored with
 * @param content what hands over its numbers
 */
public record TensorEntry(String name, Spec spec, Content content) {
  /** The numbers of a tensor. */
  @FunctionalInterface
  public interface Content {
    /**
     * Hands over the tensor as a whole or as pieces whose elements follow each other in row-major
     * order. Pieces may have any element type; they are converted, and are not used once {@code
     * out} returns.
     */
    void writeTo(Consumer<Tensor> out);
  }

  /** A tensor that is in memory, stored as it is. */
  public static TensorEntry of(String name, Tensor tensor) {
    return new TensorEntry(name, tensor.spec(), out -> out.accept(tensor));
  }

  /**
   * A tensor that is made, or mapped, when it is due, in a scope that closes after it is written.
   */
  public static TensorEntry lazy(String name, Spec spec, Function<TensorScope, Tensor> tensor) {
    return new TensorEntry(
        name,
        spec,
        out -> {
          try (TensorScope scope = TensorScope.open(new Memory())) {
            out.accept(tensor.apply(scope));
          }
        });
  }
}
