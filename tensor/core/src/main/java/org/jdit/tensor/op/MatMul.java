package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/** {@code [..., M, K] · [..., K, N] → [..., M, N]} (torch.matmul); leading axes broadcast. */
public record MatMul() implements Primitive {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 2);
    Check.floating(this, in);
    Shape a = in.get(0).shape();
    Shape b = in.get(1).shape();
    Check.that(
        a.rank() >= 2 && b.rank() >= 2 && a.dim(-1) == b.dim(-2), this, in, "matrices do not fit");
    Shape batch =
        Check.broadcast(
            this,
            List.of(
                in.get(0).with(a.sub(0, a.rank() - 2)), in.get(1).with(b.sub(0, b.rank() - 2))));
    return List.of(in.getFirst().with(batch.plus(Shape.of(a.dim(-2), b.dim(-1)))));
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    Tensor a = in.get(0);
    Tensor b = in.get(1);
    Tensor dy = d.getFirst();
    if (b.shape().rank() == 2 && a.shape().rank() > 2) {
      // One product over all rows instead of one for each leading index, summed up.
      int n = Math.toIntExact(a.shape().sub(0, a.shape().rank() - 1).numel());
      Tensor rows = a.reshape(n, a.dim(-1));
      Tensor dRows = dy.reshape(n, dy.dim(-1));
      return List.of(dy.matmul(b.t()), rows.t().matmul(dRows));
    }
    return List.of(
        Gradients.unbroadcast(dy.matmul(b.t()), a.shape()),
        Gradients.unbroadcast(a.t().matmul(dy), b.shape()));
  }
}
