package org.jdit.tensor.op;

import java.util.ArrayList;
import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * Operands joined along an axis (torch.cat).
 *
 * @param axis the axis
 */
public record Concat(int axis) implements Primitive {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.that(!in.isEmpty(), this, in, "takes at least one operand");
    Spec first = in.getFirst();
    int size = 0;
    for (Spec s : in) {
      Check.that(
          s.dtype() == first.dtype()
              && s.shape().rank() == first.shape().rank()
              && s.shape().with(axis, 0).equals(first.shape().with(axis, 0)),
          this,
          in,
          "operands differ beyond axis " + axis);
      size = Math.addExact(size, s.shape().dim(axis));
    }
    Shape joined = first.shape().with(axis, size);
    return List.of(first.with(joined));
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    List<Tensor> parts = new ArrayList<>();
    int at = 0;
    for (Tensor t : in) {
      parts.add(d.getFirst().slice(axis, at, t.dim(axis)));
      at += t.dim(axis);
    }
    return parts;
  }
}
