package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * {@code activation(x · weightᵀ + bias)}: {@code x [..., in]}, {@code weight [out, in]}, {@code
 * bias [out]} (torch.nn.functional.linear).
 *
 * @param activation applied to the sum
 */
public record Linear(Activation activation) implements FusedWithGradient {
  /** Which operand is the weight. */
  public static final int WEIGHT = 1;

  /** What follows the affine map. */
  public enum Activation {
    NONE,
    GELU,
    SILU
  }

  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 3);
    Check.floating(this, in);
    Shape x = in.get(0).shape();
    Shape w = in.get(1).shape();
    Check.that(
        x.rank() >= 1
            && w.rank() == 2
            && x.dim(-1) == w.dim(1)
            && in.get(2).shape().equals(Shape.of(w.dim(0))),
        this,
        in,
        "needs x [..., in], weight [out, in], bias [out]");
    return List.of(in.getFirst().with(x.with(-1, w.dim(0))));
  }

  @Override
  public List<Tensor> decompose(List<Tensor> in) {
    Tensor x = in.get(0);
    return List.of(
        switch (activation) {
          case NONE -> {
            Tensor rows = x.shape().rank() == 1 ? x.unsqueeze(0) : x;
            Shape to = x.shape().with(-1, in.get(1).dim(0));
            yield rows.matmul(in.get(1).t()).add(in.get(2)).reshape(to);
          }
          case GELU -> affine(in).getFirst().gelu();
          case SILU -> affine(in).getFirst().silu();
        });
  }

  /** The gradient of an activation needs what went into it. */
  @Override
  public boolean differentiatedInParts() {
    return activation != Activation.NONE;
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    Tensor x = in.get(0);
    Tensor weight = in.get(1);
    Tensor dy = beforeActivation(in, d);
    Tensor rows = x.reshape(-1, x.dim(-1));
    Tensor dRows = dy.reshape(-1, dy.dim(-1));
    // The gradient of the weight comes out in the weight's own layout.
    return List.of(dRows.matmul(weight).reshape(x.shape()), dRows.t().matmul(rows), dRows.sum(0));
  }

  private List<Tensor> affine(List<Tensor> in) {
    return List.of(in.get(0).linear(in.get(1), in.get(2)));
  }

  private Tensor beforeActivation(List<Tensor> in, List<Tensor> d) {
    return switch (activation) {
      case NONE -> d.getFirst();
      case GELU -> new Gelu().vjp(affine(in), List.of(), d).getFirst();
      case SILU -> new Silu().vjp(affine(in), List.of(), d).getFirst();
    };
  }
}
