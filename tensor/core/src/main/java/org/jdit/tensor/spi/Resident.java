package org.jdit.tensor.spi;

import java.util.Set;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;

/**
 * The PARAM and STATE values of a backend, shared by all executables compiled against the store.
 * Compile first, then load: a value is kept in the layouts which the executables asked for.
 */
public interface Resident extends AutoCloseable {
  /** Names that executables want and that are not loaded. */
  Set<String> missing();

  /**
   * Loads a value, which is copied. A float32 value may be given in a type of two bytes an element;
   * it is the same value then, for which a backend may need less memory.
   *
   * @throws IllegalArgumentException if no executable wants that name, or the Program's spec does
   *     not {@linkplain org.jdit.tensor.Spec#holds hold} the given one
   */
  void load(String name, Tensor value);

  /**
   * Reads a value back.
   *
   * @throws IllegalArgumentException if it is not loaded
   */
  Tensor read(String name, TensorScope into);

  /** Bytes that the loaded values take. */
  long bytes();

  @Override
  void close();
}
