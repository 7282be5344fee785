package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * {@code 0, 1, 2, …} along one axis, the same along the others; no operands.
 *
 * @param spec the result
 * @param axis the axis that counts
 */
public record Iota(Spec spec, int axis) implements Primitive {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 0);
    spec.shape().axis(axis);
    return List.of(spec);
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    return List.of();
  }
}
