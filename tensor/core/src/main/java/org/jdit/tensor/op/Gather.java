package org.jdit.tensor.op;

import java.util.Arrays;
import java.util.List;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * Rows of a table {@code [V, D]} for integer ids {@code [...]}, giving {@code [..., D]}
 * (torch.nn.functional.embedding). An id outside {@code 0..V-1} fails when it is met.
 */
public record Gather() implements Primitive {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 2);
    Spec table = in.get(0);
    Spec ids = in.get(1);
    Check.that(table.shape().rank() == 2, this, in, "the table must be [V, D]");
    Check.that(
        ids.dtype() == DType.I64 || ids.dtype() == DType.I32, this, in, "ids must be integers");
    return List.of(table.with(ids.shape().plus(Shape.of(table.shape().dim(1)))));
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    return Arrays.asList(d.getFirst().scatterAdd(in.get(1), in.getFirst().dim(0)), null);
  }
}
