package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/** {@code exp(x - max) / sum} over the last axis (torch.softmax). */
public record Softmax() implements FusedWithGradient {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 1);
    Check.floating(this, in);
    Check.that(in.getFirst().shape().rank() >= 1, this, in, "needs an axis");
    return in;
  }

  @Override
  public List<Tensor> decompose(List<Tensor> in) {
    Tensor x = in.getFirst();
    Tensor e = x.sub(x.max(-1).unsqueeze(-1)).exp();
    return List.of(e.div(e.sum(-1).unsqueeze(-1)));
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    Tensor y = out.getFirst();
    Tensor dy = d.getFirst();
    return List.of(y.mul(dy.sub(dy.mul(y).sum(-1).unsqueeze(-1))));
  }
}
