package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * Normalisation of {@code x [N, C, H, W]} over groups of channels, then {@code · weight + bias},
 * both {@code [C]} (torch.nn.functional.group_norm), then SiLU if asked.
 *
 * @param groups number of groups
 * @param eps added to the variance
 * @param silu whether SiLU follows
 */
public record GroupNorm(int groups, double eps, boolean silu) implements Fused {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 3);
    Check.floating(this, in);
    Shape x = in.get(0).shape();
    Check.that(
        x.rank() == 4
            && x.dim(1) % groups == 0
            && in.get(1).shape().equals(Shape.of(x.dim(1)))
            && in.get(2).shape().equals(Shape.of(x.dim(1))),
        this,
        in,
        "needs x [N, C, H, W] with C a multiple of " + groups + ", weight [C], bias [C]");
    return List.of(in.getFirst());
  }

  @Override
  public List<Tensor> decompose(List<Tensor> in) {
    Tensor x = in.get(0);
    Tensor normed = x.reshape(x.dim(0), groups, -1).layerNorm(eps).reshape(x.shape());
    Tensor y = normed.mul(in.get(1).reshape(-1, 1, 1)).add(in.get(2).reshape(-1, 1, 1));
    return List.of(silu ? y.silu() : y);
  }
}
