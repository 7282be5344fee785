package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * {@code x} limited to an interval (torch.clamp); NaN stays NaN.
 *
 * @param min lower bound
 * @param max upper bound
 */
public record Clamp(double min, double max) implements Primitive {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 1);
    Check.floating(this, in);
    return in;
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    Tensor x = in.getFirst();
    Tensor dy = d.getFirst();
    Tensor above = x.fill(x.shape(), min).le(x).cast(x.dtype());
    Tensor below = x.le(x.fill(x.shape(), max)).cast(x.dtype());
    return List.of(dy.mul(above).mul(below));
  }
}
