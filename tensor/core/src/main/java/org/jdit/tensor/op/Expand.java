package org.jdit.tensor.op;

import java.util.List;
import java.util.Optional;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Strided;
import org.jdit.tensor.Tensor;

/**
 * Axes of size 1 stretched, without a copy (torch.expand).
 *
 * @param to the stretched shape
 */
public record Expand(Shape to) implements View {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 1);
    Shape s = in.getFirst().shape();
    boolean fits = s.rank() <= to.rank();
    for (int i = 1; fits && i <= s.rank(); i++) {
      fits = s.dim(-i) == to.dim(-i) || s.dim(-i) == 1;
    }
    Check.that(fits, this, in, "does not stretch to " + to);
    return List.of(in.getFirst().with(to));
  }

  @Override
  public Optional<Strided> view(Strided in) {
    return Optional.of(in.expand(to));
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    return List.of(Gradients.unbroadcast(d.getFirst(), in.getFirst().shape()));
  }
}
