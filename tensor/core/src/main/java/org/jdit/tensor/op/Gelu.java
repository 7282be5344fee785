package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/** GELU in its tanh form (torch.nn.functional.gelu, approximate="tanh"). */
public record Gelu() implements FusedWithGradient {
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

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    Tensor x = in.getFirst();
    Tensor cubic = x.square().mul(SQRT_2_OVER_PI * 0.044715);
    Tensor t = x.mul(cubic.add(SQRT_2_OVER_PI)).tanh();
    Tensor dInner = cubic.mul(3).add(SQRT_2_OVER_PI);
    // d/dx x (1 + t) / 2 = (1 + t + x (1 - t²) inner') / 2
    Tensor slope = t.add(1).add(x.mul(dInner).mul(t.square().neg().add(1)));
    return List.of(d.getFirst().mul(slope).mul(0.5));
  }
}
