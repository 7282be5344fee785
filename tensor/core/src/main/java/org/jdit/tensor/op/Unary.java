package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * An element-wise function of one floating-point operand.
 *
 * @param fn the function
 */
public record Unary(Fn fn) implements Primitive {
  /** The functions, as torch names them. */
  public enum Fn {
    NEG,
    ABS,
    EXP,
    LOG,
    SQRT,
    RECIPROCAL,
    SIN,
    COS,
    TANH,
    ERF
  }

  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 1);
    Check.floating(this, in);
    return in;
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    Tensor x = in.getFirst();
    Tensor y = out.getFirst();
    Tensor dy = d.getFirst();
    return List.of(
        switch (fn) {
          case NEG -> dy.neg();
          case ABS -> dy.mul(sign(x));
          case EXP -> dy.mul(y);
          case LOG -> dy.div(x);
          case SQRT -> dy.div(y).mul(0.5);
          case RECIPROCAL -> dy.mul(y.square()).neg();
          case SIN -> dy.mul(x.cos());
          case COS -> dy.mul(x.sin()).neg();
          case TANH -> dy.sub(dy.mul(y.square()));
          case ERF -> dy.mul(x.square().neg().exp()).mul(2 / Math.sqrt(Math.PI));
        });
  }

  private static Tensor sign(Tensor x) {
    Tensor zero = x.fill(x.shape(), 0);
    return zero.lt(x).cast(x.dtype()).sub(x.lt(zero).cast(x.dtype()));
  }

  @Override
  public String name() {
    return "Unary." + fn;
  }
}
