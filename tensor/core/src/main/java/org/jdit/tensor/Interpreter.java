package org.jdit.tensor;

import java.util.List;
import org.jdit.tensor.op.Op;

/**
 * What applying an operation means for a tensor: a scope runs it now, a trace records it. Model
 * code is the same for both.
 */
@FunctionalInterface
public interface Interpreter {
  /**
   * Applies {@code op}.
   *
   * @return the results, one for each spec that {@link Op#infer} names
   * @throws IllegalArgumentException if the operands do not fit the operation
   */
  List<Tensor> apply(Op op, List<Tensor> in);
}
