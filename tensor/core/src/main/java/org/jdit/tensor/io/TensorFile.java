package org.jdit.tensor.io;

import java.util.Map;
import org.jdit.tensor.DType;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;

/**
 * Named tensors in a file. Opening reads the directory only; tensors are mapped one by one, so that
 * no more of a file is in memory than a scope holds. Files must not be changed in place while they
 * are mapped; replacing one by a new file of the same name is fine.
 */
public interface TensorFile extends AutoCloseable {
  /** Where the tensors come from, as messages name it. */
  String source();

  /** Textual metadata; empty if the format has none. */
  Map<String, String> metadata();

  /** Spec of each tensor, in the file's order. */
  Map<String, Spec> tensors();

  /**
   * The narrowest type in which the numbers of a tensor can be kept, as far as the file tells: that
   * of its spec, or {@link DType#I8} for numbers that are {@link org.jdit.tensor.Int8}, of which
   * {@link #map} makes floats.
   *
   * @throws IllegalArgumentException if there is no such tensor
   */
  default DType narrowest(String name) {
    Spec spec = tensors().get(name);
    if (spec == null) {
      throw new IllegalArgumentException("no tensor " + name + " in " + source());
    }
    return spec.dtype();
  }

  /**
   * Maps a tensor; its numbers live until {@code scope} closes, even if this file is closed before.
   *
   * @throws IllegalArgumentException if there is no such tensor
   * @throws org.jdit.tensor.JditException if the file cannot be mapped
   */
  Tensor map(String name, TensorScope scope);

  @Override
  void close();
}
