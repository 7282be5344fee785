package org.jdit.tensor.spi;

import java.util.Map;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;

/**
 * A compiled Program. It owns its buffers for life: running allocates no off-heap memory but the
 * results. For one thread at a time.
 */
public interface Executable extends AutoCloseable {
  /**
   * Runs once and commits the Program's state updates.
   *
   * @param inputs the INPUT values by name, all of them and no others
   * @param into where the results go
   * @return the outputs by name, in the Program's order; copies, never live buffers
   * @throws IllegalArgumentException if an input is missing, unknown, or of another spec
   * @throws IllegalStateException if a PARAM or STATE value is not loaded
   */
  Map<String, Tensor> run(Map<String, Tensor> inputs, TensorScope into);

  /** Bytes of the buffers this executable owns, resident values not counted. */
  long bytes();

  @Override
  void close();
}
