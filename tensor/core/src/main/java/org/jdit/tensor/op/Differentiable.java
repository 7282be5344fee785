package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Tensor;

/** An operation that states its own gradient. */
public sealed interface Differentiable extends Op permits Primitive, FusedWithGradient {
  /**
   * The vector-Jacobian product, written in tensor operations.
   *
   * @param in operands
   * @param out results
   * @param d cotangent of each result; null where the loss does not depend on it
   * @return cotangent of each operand; null where there is none (integer operands)
   */
  List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d);
}
