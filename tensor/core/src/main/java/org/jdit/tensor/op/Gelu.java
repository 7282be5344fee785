package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/** GELU in its tanh form (torch.nn.functional.gelu, approximate="tanh"). */
public record Gelu() implements Fused {
  private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 1);
    Check.floating(this, in);
    return in;
  }

  @Override
  public List<Tensor> decompose(List<Tensor> in) {
    Tensor x = in.getFirst();
    Tensor inner = x.add(x.square().mul(x).mul(0.044715)).mul(SQRT_2_OVER_PI);
    return List.of(x.mul(inner.tanh().add(1)).mul(0.5));
  }
}
