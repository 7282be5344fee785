package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * {@code residual + gate · x}: {@code residual} and {@code x [N, T, D]}, {@code gate [N, D]} the
 * same for all tokens (adaLN-Zero, DiT paper section 3.2).
 */
public record GateResidual() implements Fused {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 3);
    Check.floating(this, in);
    Shape x = in.get(0).shape();
    Check.that(
        x.rank() == 3
            && in.get(1).shape().equals(Shape.of(x.dim(0), x.dim(2)))
            && in.get(2).shape().equals(x),
        this,
        in,
        "needs residual [N, T, D], gate [N, D], x [N, T, D]");
    return List.of(in.getFirst());
  }

  @Override
  public List<Tensor> decompose(List<Tensor> in) {
    return List.of(in.get(0).add(in.get(1).unsqueeze(1).mul(in.get(2))));
  }
}
