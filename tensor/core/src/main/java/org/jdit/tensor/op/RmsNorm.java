package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * {@code x / sqrt(mean(x²) + eps) · weight} over the last axis of {@code x [..., D]}, with {@code
 * weight [D]} (torch.nn.functional.rms_norm; arXiv 1910.07467, equation 4).
 *
 * @param eps added to the mean of the squares
 */
public record RmsNorm(double eps) implements Fused {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 2);
    Check.floating(this, in);
    Shape x = in.get(0).shape();
    Check.that(
        x.rank() >= 1 && x.dim(-1) > 0 && in.get(1).shape().equals(Shape.of(x.dim(-1))),
        this,
        in,
        "needs x [..., D] and weight [D]");
    return List.of(in.getFirst());
  }

  @Override
  public List<Tensor> decompose(List<Tensor> in) {
    Tensor x = in.get(0);
    Tensor rms = x.square().mean(-1).unsqueeze(-1).add(eps).sqrt();
    return List.of(x.mul(rms.reciprocal()).mul(in.get(1)));
  }

  /** The gradient needs the root of the mean square. */
  @Override
  public boolean differentiatedInParts() {
    return true;
  }
}
