package org.jdit.tensor.op;

import java.util.Arrays;
import java.util.List;
import org.jdit.tensor.DType;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/** {@code condition ? yes : no} element-wise (torch.where); the three operands broadcast. */
public record Where() implements Primitive {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 3);
    Check.that(in.get(0).dtype() == DType.BOOL, this, in, "the condition must be BOOL");
    Check.that(in.get(1).dtype() == in.get(2).dtype(), this, in, "operands differ in element type");
    return List.of(new Spec(Check.broadcast(this, in), in.get(1).dtype()));
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    Tensor dy = d.getFirst();
    Tensor zero = dy.fill(dy.shape(), 0);
    return Arrays.asList(
        null,
        Gradients.unbroadcast(in.getFirst().where(dy, zero), in.get(1).shape()),
        Gradients.unbroadcast(in.getFirst().where(zero, dy), in.get(2).shape()));
  }
}
