package org.jdit.tensor.op;

import java.util.Arrays;
import java.util.List;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * Values {@code [..., D]} summed into the rows of a {@code [rows, D]} table that ids {@code [...]}
 * name, in the order of the ids; the transpose of {@link Gather}.
 *
 * @param rows rows of the result
 */
public record ScatterAdd(int rows) implements Primitive {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 2);
    Spec values = in.get(0);
    Spec ids = in.get(1);
    Check.that(values.dtype().isFloating(), this, in, "needs floating-point values");
    Check.that(
        values.shape().rank() >= 1
            && ids.shape().equals(values.shape().sub(0, values.shape().rank() - 1)),
        this,
        in,
        "one id for each row is needed");
    Check.that(
        ids.dtype() == DType.I64 || ids.dtype() == DType.I32, this, in, "ids must be integers");
    return List.of(values.with(Shape.of(rows, values.shape().dim(-1))));
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    return Arrays.asList(d.getFirst().gather(in.get(1)), null);
  }
}
