package org.jdit.tensor.op;

import java.util.List;
import java.util.Optional;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Strided;
import org.jdit.tensor.Tensor;

/**
 * The same elements in row-major order under another shape (torch.reshape).
 *
 * @param to the shape, with as many elements
 */
public record Reshape(Shape to) implements View {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 1);
    Check.that(
        in.getFirst().shape().numel() == to.numel(), this, in, "has not the elements of " + to);
    return List.of(in.getFirst().with(to));
  }

  @Override
  public Optional<Strided> view(Strided in) {
    return in.reshape(to);
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    return List.of(d.getFirst().reshape(in.getFirst().shape()));
  }
}
