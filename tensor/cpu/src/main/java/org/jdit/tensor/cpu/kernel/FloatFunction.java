package org.jdit.tensor.cpu.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.jdit.tensor.op.Binary;
import org.jdit.tensor.op.Cast;
import org.jdit.tensor.op.Clamp;
import org.jdit.tensor.op.Compare;
import org.jdit.tensor.op.GateResidual;
import org.jdit.tensor.op.Gelu;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.op.Scale;
import org.jdit.tensor.op.Shift;
import org.jdit.tensor.op.Silu;
import org.jdit.tensor.op.Unary;
import org.jdit.tensor.op.Where;

/**
 * An element-wise function of up to three operands on contiguous floats; truth is 1 or 0. Each
 * function is one loop of its own: a loop that took the function as an argument would not compile
 * to vector code. Loops run over whole vectors, so up to one vector after the last element is
 * overwritten.
 */
@FunctionalInterface
interface FloatFunction {
  /** Sets {@code y[0] … y[n - 1]}; operands beyond the function's arity are ignored. */
  void apply(float[] a, float[] b, float[] c, float[] y, int n);

  /**
   * The function that an operation applies to each element of its operands.
   *
   * @throws IllegalArgumentException if it is not element-wise
   */
  static FloatFunction of(Op op) {
    return switch (op) {
      case Unary u -> of(u.fn());
      case Binary b -> of(b.fn());
      case Compare r -> of(r.fn());
      case Scale s -> scale((float) s.by());
      case Shift s -> shift((float) s.by());
      case Clamp k -> clamp((float) k.min(), (float) k.max());
      case Where _ -> (a, b, c, y, n) -> where(a, b, c, y, n);
      case Cast _ -> (a, _, _, y, n) -> System.arraycopy(a, 0, y, 0, n);
      case Gelu _ -> (a, _, _, y, n) -> gelu(a, y, n);
      case Silu _ -> (a, _, _, y, n) -> silu(a, y, n);
      case GateResidual _ -> (a, b, c, y, n) -> addProduct(a, b, c, y, n);
      default -> throw new IllegalArgumentException(op.name() + " is not element-wise");
    };
  }

  private static FloatFunction of(Unary.Fn fn) {
    return switch (fn) {
      case NEG -> (a, _, _, y, n) -> neg(a, y, n);
      case ABS -> (a, _, _, y, n) -> abs(a, y, n);
      case EXP -> (a, _, _, y, n) -> exp(a, y, n);
      case LOG -> (a, _, _, y, n) -> log(a, y, n);
      case SQRT -> (a, _, _, y, n) -> sqrt(a, y, n);
      case RECIPROCAL -> (a, _, _, y, n) -> reciprocal(a, y, n);
      case SIN -> (a, _, _, y, n) -> sin(a, y, n);
      case COS -> (a, _, _, y, n) -> cos(a, y, n);
      case TANH -> (a, _, _, y, n) -> tanh(a, y, n);
      case ERF -> (a, _, _, y, n) -> erf(a, y, n);
    };
  }

  private static FloatFunction of(Binary.Fn fn) {
    return switch (fn) {
      case ADD -> (a, b, _, y, n) -> add(a, b, y, n);
      case SUB -> (a, b, _, y, n) -> sub(a, b, y, n);
      case MUL -> (a, b, _, y, n) -> mul(a, b, y, n);
      case DIV -> (a, b, _, y, n) -> div(a, b, y, n);
      case MAX -> (a, b, _, y, n) -> max(a, b, y, n);
      case MIN -> (a, b, _, y, n) -> min(a, b, y, n);
    };
  }

  private static FloatFunction of(Compare.Fn fn) {
    return switch (fn) {
      case LT -> (a, b, _, y, n) -> lt(a, b, y, n);
      case LE -> (a, b, _, y, n) -> le(a, b, y, n);
      case EQ -> (a, b, _, y, n) -> eq(a, b, y, n);
    };
  }

  private static FloatVector load(float[] x, int i) {
    return FloatVector.fromArray(Lanes.F32, x, i);
  }

  private static int step() {
    return Lanes.COUNT;
  }

  private static void neg(float[] a, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      load(a, i).neg().intoArray(y, i);
    }
  }

  private static void abs(float[] a, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      load(a, i).abs().intoArray(y, i);
    }
  }

  private static void exp(float[] a, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      VectorMath.exp(load(a, i)).intoArray(y, i);
    }
  }

  private static void log(float[] a, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      VectorMath.log(load(a, i)).intoArray(y, i);
    }
  }

  private static void sqrt(float[] a, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      load(a, i).sqrt().intoArray(y, i);
    }
  }

  private static void reciprocal(float[] a, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      FloatVector.broadcast(Lanes.F32, 1f).div(load(a, i)).intoArray(y, i);
    }
  }

  private static void sin(float[] a, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      VectorMath.sin(load(a, i)).intoArray(y, i);
    }
  }

  private static void cos(float[] a, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      VectorMath.cos(load(a, i)).intoArray(y, i);
    }
  }

  private static void tanh(float[] a, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      VectorMath.tanh(load(a, i)).intoArray(y, i);
    }
  }

  private static void erf(float[] a, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      VectorMath.erf(load(a, i)).intoArray(y, i);
    }
  }

  private static void silu(float[] a, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      VectorMath.silu(load(a, i)).intoArray(y, i);
    }
  }

  private static void gelu(float[] a, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      VectorMath.gelu(load(a, i)).intoArray(y, i);
    }
  }

  private static void add(float[] a, float[] b, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      load(a, i).add(load(b, i)).intoArray(y, i);
    }
  }

  private static void sub(float[] a, float[] b, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      load(a, i).sub(load(b, i)).intoArray(y, i);
    }
  }

  private static void mul(float[] a, float[] b, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      load(a, i).mul(load(b, i)).intoArray(y, i);
    }
  }

  private static void div(float[] a, float[] b, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      load(a, i).div(load(b, i)).intoArray(y, i);
    }
  }

  private static void max(float[] a, float[] b, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      load(a, i).max(load(b, i)).intoArray(y, i);
    }
  }

  private static void min(float[] a, float[] b, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      load(a, i).min(load(b, i)).intoArray(y, i);
    }
  }

  private static void lt(float[] a, float[] b, float[] y, int n) {
    FloatVector no = FloatVector.zero(Lanes.F32);
    for (int i = 0; i < n; i += step()) {
      no.blend(1f, load(a, i).compare(VectorOperators.LT, load(b, i))).intoArray(y, i);
    }
  }

  private static void le(float[] a, float[] b, float[] y, int n) {
    FloatVector no = FloatVector.zero(Lanes.F32);
    for (int i = 0; i < n; i += step()) {
      no.blend(1f, load(a, i).compare(VectorOperators.LE, load(b, i))).intoArray(y, i);
    }
  }

  private static void eq(float[] a, float[] b, float[] y, int n) {
    FloatVector no = FloatVector.zero(Lanes.F32);
    for (int i = 0; i < n; i += step()) {
      no.blend(1f, load(a, i).compare(VectorOperators.EQ, load(b, i))).intoArray(y, i);
    }
  }

  private static FloatFunction scale(float by) {
    return (a, _, _, y, n) -> scale(a, by, y, n);
  }

  private static void scale(float[] a, float by, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      load(a, i).mul(by).intoArray(y, i);
    }
  }

  private static FloatFunction shift(float by) {
    return (a, _, _, y, n) -> shift(a, by, y, n);
  }

  private static void shift(float[] a, float by, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      load(a, i).add(by).intoArray(y, i);
    }
  }

  private static FloatFunction clamp(float min, float max) {
    return (a, _, _, y, n) -> clamp(a, min, max, y, n);
  }

  private static void clamp(float[] a, float min, float max, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      load(a, i).max(min).min(max).intoArray(y, i);
    }
  }

  private static void where(float[] a, float[] b, float[] c, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      load(b, i).blend(load(c, i), load(a, i).compare(VectorOperators.EQ, 0f)).intoArray(y, i);
    }
  }

  private static void addProduct(float[] a, float[] b, float[] c, float[] y, int n) {
    for (int i = 0; i < n; i += step()) {
      load(b, i).fma(load(c, i), load(a, i)).intoArray(y, i);
    }
  }
}
