package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * {@code norm(x) · (1 + scale) + shift}: {@code x [N, T, D]} normalised over its last axis, {@code
 * shift} and {@code scale [N, D]} the same for all tokens (adaLN, DiT paper section 3.2).
 *
 * @param eps added to the variance
 */
public record LayerNormModulate(double eps) implements Fused {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 3);
    Check.floating(this, in);
    Shape x = in.get(0).shape();
    Check.that(x.rank() == 3, this, in, "needs x [N, T, D]");
    Shape row = Shape.of(x.dim(0), x.dim(2));
    Check.that(
        in.get(1).shape().equals(row) && in.get(2).shape().equals(row),
        this,
        in,
        "needs shift and scale " + row);
    return List.of(in.getFirst());
  }

  @Override
  public List<Tensor> decompose(List<Tensor> in) {
    Tensor scale = in.get(2).unsqueeze(1).add(1);
    return List.of(in.get(0).layerNorm(eps).mul(scale).add(in.get(1).unsqueeze(1)));
  }

  /** The gradient needs the mean and rstd, which the norm alone gives. */
  @Override
  public boolean differentiatedInParts() {
    return true;
  }
}
