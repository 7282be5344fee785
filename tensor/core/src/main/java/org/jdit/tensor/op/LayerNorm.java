package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * {@code (x - mean) · rstd} over the last axis, {@code rstd = 1 / sqrt(variance + eps)}, without
 * weights (torch.nn.functional.layer_norm). Results: the normalised value, mean {@code [..., 1]}
 * and rstd {@code [..., 1]}.
 *
 * @param eps added to the variance
 */
public record LayerNorm(double eps) implements FusedWithGradient {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 1);
    Check.floating(this, in);
    Spec x = in.getFirst();
    Check.that(x.shape().rank() >= 1 && x.shape().dim(-1) > 0, this, in, "needs a last axis");
    Spec row = x.with(x.shape().with(-1, 1));
    return List.of(x, row, row);
  }

  @Override
  public List<Tensor> decompose(List<Tensor> in) {
    Tensor x = in.getFirst();
    Tensor mean = x.mean(-1).unsqueeze(-1);
    Tensor centred = x.sub(mean);
    Tensor rstd = centred.square().mean(-1).unsqueeze(-1).add(eps).sqrt().reciprocal();
    return List.of(centred.mul(rstd), mean, rstd);
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    Tensor y = out.get(0);
    Tensor rstd = out.get(2);
    int n = y.dim(-1);
    Tensor dx = y.fill(y.shape(), 0);
    if (d.get(0) != null) {
      Tensor dy = d.get(0);
      Tensor along = y.mul(dy.mul(y).mean(-1).unsqueeze(-1));
      dx = dy.sub(dy.mean(-1).unsqueeze(-1)).sub(along).mul(rstd);
    }
    if (d.get(1) != null) {
      dx = dx.add(d.get(1).div(n));
    }
    if (d.get(2) != null) {
      // d rstd / dx = -rstd² · y / n
      dx = dx.sub(y.mul(d.get(2).mul(rstd.square())).div(n));
    }
    return List.of(dx);
  }
}
