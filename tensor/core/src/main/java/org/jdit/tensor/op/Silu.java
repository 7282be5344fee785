package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/** {@code x · sigmoid(x)} (torch.nn.functional.silu). */
public record Silu() implements FusedWithGradient {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 1);
    Check.floating(this, in);
    return in;
  }

  @Override
  public List<Tensor> decompose(List<Tensor> in) {
    Tensor x = in.getFirst();
    return List.of(x.mul(x.sigmoid()));
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    Tensor x = in.getFirst();
    Tensor s = x.sigmoid();
    // d/dx x·s = s + x·s·(1 - s)
    return List.of(d.getFirst().mul(s.add(x.mul(s).mul(s.neg().add(1)))));
  }
}
