package org.jdit.tensor.op;

import java.util.List;
import java.util.Optional;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Strided;
import org.jdit.tensor.Tensor;

/**
 * A range of one axis (torch.narrow).
 *
 * @param axis the axis
 * @param start first index
 * @param length number of indices
 */
public record Slice(int axis, int start, int length) implements View {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 1);
    Shape s = in.getFirst().shape();
    Check.that(
        start >= 0 && length >= 0 && (long) start + length <= s.dim(axis),
        this,
        in,
        "range " + start + " + " + length + " leaves axis " + axis);
    return List.of(in.getFirst().with(s.with(axis, length)));
  }

  @Override
  public Optional<Strided> view(Strided in) {
    return Optional.of(in.slice(axis, start, length));
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    int size = in.getFirst().dim(axis);
    return List.of(d.getFirst().pad(axis, start, size - start - length));
  }
}
