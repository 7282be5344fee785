package org.jdit.weights.torch;

import java.lang.foreign.MemorySegment;
import org.jdit.tensor.memory.TensorScope;

/** The raw numbers in a torch file, by storage key. */
interface Storages extends AutoCloseable {
  /** How the file is called in messages. */
  String source();

  /** Length of the whole file. */
  long fileBytes();

  /**
   * Length of a storage in bytes.
   *
   * @throws org.jdit.tensor.JditException if there is no such storage
   */
  long bytes(String key);

  /** Bytes {@code from} (inclusive) to {@code to} of a storage; they live as long as the scope. */
  MemorySegment map(String key, long from, long to, TensorScope scope);

  @Override
  void close();
}
