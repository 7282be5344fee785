package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * {@code softmax(scale · q kᵀ) v}: {@code q [B, H, T, D]}, {@code k} and {@code v [B, H, S, D]}
 * (torch.nn.functional.scaled_dot_product_attention). Results: the output {@code [B, H, T, D]} and
 * the log-sum-exp of the scaled scores {@code [B, H, T]}, from which the gradient rebuilds the
 * probabilities.
 *
 * @param scale factor on the scores, usually {@code 1 / sqrt(D)}
 */
public record Attention(double scale) implements FusedWithGradient {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 3);
    Check.floating(this, in);
    Shape q = in.get(0).shape();
    Shape k = in.get(1).shape();
    Check.that(
        q.rank() == 4
            && k.rank() == 4
            && k.dim(2) > 0
            && k.with(2, 0).equals(q.with(2, 0))
            && in.get(2).shape().equals(k),
        this,
        in,
        "needs q [B, H, T, D], k and v [B, H, S, D]");
    return List.of(in.getFirst(), in.getFirst().with(q.sub(0, 3)));
  }

  @Override
  public List<Tensor> decompose(List<Tensor> in) {
    Tensor s = in.get(0).matmul(in.get(1).t()).mul(scale);
    Tensor max = s.max(-1).unsqueeze(-1);
    Tensor e = s.sub(max).exp();
    Tensor sum = e.sum(-1).unsqueeze(-1);
    return List.of(e.div(sum).matmul(in.get(2)), sum.log().add(max).reshape(s.shape().sub(0, 3)));
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    Tensor q = in.get(0);
    Tensor dOut = d.get(0) == null ? q.fill(q.shape(), 0) : d.get(0);
    Tensor rows = dOut.mul(out.get(0)).sum(-1);
    return Tensor.applyAll(
        new AttentionGradient(scale),
        q,
        in.get(1),
        in.get(2),
        out.get(1),
        dOut,
        d.get(1) == null ? rows : rows.sub(d.get(1)));
  }
}
