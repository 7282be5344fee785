package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * Zeros added at both ends of an axis.
 *
 * @param axis the axis
 * @param before zeros before the first index
 * @param after zeros after the last index
 */
public record Pad(int axis, int before, int after) implements Primitive {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 1);
    Check.that(before >= 0 && after >= 0, this, in, "negative padding");
    Shape s = in.getFirst().shape();
    return List.of(in.getFirst().with(s.with(axis, s.dim(axis) + before + after)));
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    return List.of(d.getFirst().slice(axis, before, in.getFirst().dim(axis)));
  }
}
