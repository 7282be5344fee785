package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.DType;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * An element-wise function of two operands that broadcast.
 *
 * @param fn the function
 */
public record Binary(Fn fn) implements Primitive {
  /** The functions; MAX and MIN return NaN if an operand is NaN, as torch.maximum does. */
  public enum Fn {
    ADD,
    SUB,
    MUL,
    DIV,
    MAX,
    MIN
  }

  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 2);
    DType type = in.getFirst().dtype();
    Check.that(in.get(1).dtype() == type, this, in, "operands differ in element type");
    Check.that(type != DType.BOOL, this, in, "needs numbers");
    return List.of(new Spec(Check.broadcast(this, in), type));
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    Tensor a = in.get(0);
    Tensor b = in.get(1);
    Tensor dy = d.getFirst();
    List<Tensor> full =
        switch (fn) {
          case ADD -> List.of(dy, dy);
          case SUB -> List.of(dy, dy.neg());
          case MUL -> List.of(dy.mul(b), dy.mul(a));
          case DIV -> List.of(dy.div(b), dy.mul(out.getFirst()).div(b).neg());
          case MAX -> List.of(dy.mul(share(b, a)), dy.mul(share(a, b)));
          case MIN -> List.of(dy.mul(share(a, b)), dy.mul(share(b, a)));
        };
    return List.of(
        Gradients.unbroadcast(full.get(0), a.shape()),
        Gradients.unbroadcast(full.get(1), b.shape()));
  }

  /** 1 where {@code lesser < greater}, one half where they are equal. */
  private static Tensor share(Tensor lesser, Tensor greater) {
    DType type = lesser.dtype();
    return lesser.lt(greater).cast(type).add(lesser.eq(greater).cast(type).mul(0.5));
  }

  @Override
  public String name() {
    return "Binary." + fn;
  }
}
