package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * The gradient of {@link Attention}, from the log-sum-exp that it left instead of the probabilities
 * (Dao et al. 2022, arXiv 2205.14135, appendix B.2). Operands: {@code q [B, H, T, D]}, {@code k}
 * and {@code v [B, H, S, D]}, the log-sum-exp {@code [B, H, T]}, the cotangent of the output {@code
 * [B, H, T, D]}, and {@code [B, H, T]}: its product with the output, summed over D, less the
 * cotangent of the log-sum-exp. Results: the cotangents of q, k and v.
 *
 * @param scale that of the attention
 */
public record AttentionGradient(double scale) implements Fused {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 6);
    Check.floating(this, in);
    Spec q = in.get(0);
    Spec k = in.get(1);
    new Attention(scale).infer(in.subList(0, 3));
    Shape rows = q.shape().sub(0, 3);
    Check.that(
        in.get(3).shape().equals(rows)
            && in.get(4).shape().equals(q.shape())
            && in.get(5).shape().equals(rows),
        this,
        in,
        "needs q, k, v, the log-sum-exp [B, H, T], a cotangent [B, H, T, D], and [B, H, T]");
    return List.of(q, k, k);
  }

  @Override
  public List<Tensor> decompose(List<Tensor> in) {
    Tensor q = in.get(0);
    Tensor k = in.get(1);
    Tensor v = in.get(2);
    Tensor d = in.get(4);
    Tensor p = q.matmul(k.t()).mul(scale).sub(in.get(3).unsqueeze(-1)).exp();
    Tensor ds = p.mul(d.matmul(v.t()).sub(in.get(5).unsqueeze(-1))).mul(scale);
    return List.of(ds.matmul(k), ds.t().matmul(q), p.t().matmul(d));
  }
}
