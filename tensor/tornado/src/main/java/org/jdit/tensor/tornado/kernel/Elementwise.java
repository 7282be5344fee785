package org.jdit.tensor.tornado.kernel;

import java.util.List;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
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
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Element-wise operations, one thread for each element of the result, which is contiguous. Operands
 * broadcast and may lie in any way. What a function is comes as a number that is constant where the
 * kernel is compiled, so that each task keeps its own function alone.
 */
public final class Elementwise {
  private static final int NEG = 0;
  private static final int ABS = 1;
  private static final int EXP = 2;
  private static final int LOG = 3;
  private static final int SQRT = 4;
  private static final int RECIPROCAL = 5;
  private static final int SIN = 6;
  private static final int COS = 7;
  private static final int TANH = 8;
  private static final int ERF = 9;
  private static final int GELU = 10;
  private static final int SILU = 11;
  private static final int SCALE = 12;
  private static final int SHIFT = 13;
  private static final int CLAMP = 14;

  static final int ADD = 15;
  static final int SUB = 16;
  static final int MUL = 17;
  static final int DIV = 18;
  static final int MAX = 19;
  static final int MIN = 20;

  static final int LT = 21;
  static final int LE = 22;
  static final int EQ = 23;

  private Elementwise() {}

  /**
   * An operation on operands that broadcast to the shape of {@code out}.
   *
   * @param out contiguous, not empty
   */
  public static Launch of(Frame f, Op op, List<Operand> in, Operand out) {
    boolean floats = in.getLast().dtype() == DType.F32;
    List<Operand> full =
        op instanceof GateResidual
            ? List.of(in.get(0), acrossTokens(in.get(1), out.shape()), in.get(2))
            : in.stream().map(x -> x.expand(out.shape())).toList();
    return switch (op) {
      case Unary _, Gelu _, Silu _, Scale _, Shift _, Clamp _ -> pointwise(f, op, full, out);
      case Binary _ when floats -> pointwise(f, op, full, out);
      case GateResidual _ -> gateResidual(f, full, out);
      case Binary _ -> WholeElementwise.binary(f, code(op), full, out);
      case Compare(Compare.Fn fn) -> WholeElementwise.compare(f, code(fn), full, out);
      case Where _ -> WholeElementwise.where(f, full, out);
      case Cast _ -> CastKernel.of(f, full.getFirst(), out);
      default -> throw new IllegalArgumentException(op.name() + " is not element-wise");
    };
  }

  /** A gate {@code [N, D]} as {@code [N, T, D]}. */
  private static Operand acrossTokens(Operand gate, Shape to) {
    Strided l = gate.layout();
    Shape one = Shape.of(to.dim(0), 1, to.dim(2));
    List<Long> strides = List.of(l.strides().get(0), 0L, l.strides().get(1));
    return gate.with(new Strided(one, l.offset(), strides)).expand(to);
  }

  /** The number of an operation's function. */
  static int code(Op op) {
    return switch (op) {
      case Unary(Unary.Fn fn) -> code(fn);
      case Binary(Binary.Fn fn) -> code(fn);
      case Gelu _ -> GELU;
      case Silu _ -> SILU;
      case Scale _ -> SCALE;
      case Shift _ -> SHIFT;
      case Clamp _ -> CLAMP;
      default -> throw new IllegalArgumentException(op.name() + " is no function of elements");
    };
  }

  private static int code(Unary.Fn fn) {
    return switch (fn) {
      case NEG -> NEG;
      case ABS -> ABS;
      case EXP -> EXP;
      case LOG -> LOG;
      case SQRT -> SQRT;
      case RECIPROCAL -> RECIPROCAL;
      case SIN -> SIN;
      case COS -> COS;
      case TANH -> TANH;
      case ERF -> ERF;
    };
  }

  private static int code(Binary.Fn fn) {
    return switch (fn) {
      case ADD -> ADD;
      case SUB -> SUB;
      case MUL -> MUL;
      case DIV -> DIV;
      case MAX -> MAX;
      case MIN -> MIN;
    };
  }

  private static int code(Compare.Fn fn) {
    return switch (fn) {
      case LT -> LT;
      case LE -> LE;
      case EQ -> EQ;
    };
  }

  /** The first constant of an operation's function: a factor, a summand or the least value. */
  static float first(Op op) {
    return (float)
        switch (op) {
          case Scale(double by) -> by;
          case Shift(double by) -> by;
          case Clamp(double min, _) -> min;
          default -> 0;
        };
  }

  /** The second constant of an operation's function: the largest value. */
  static float second(Op op) {
    return op instanceof Clamp(_, double max) ? (float) max : 0f;
  }

  private static Launch pointwise(Frame f, Op op, List<Operand> in, Operand out) {
    Operand a = in.getFirst();
    Operand b = in.getLast();
    IntArray walk = Walk.over(f, out.shape(), List.of(a, b), out.offset());
    return new Launch(
        op instanceof Binary ? "binary" : "unary",
        Frame.independent(out.numel()),
        List.of(f.iteration(), a.array(), b.array(), out.array(), walk),
        (graph, id) ->
            graph.task(
                id,
                Elementwise::pointwiseKernel,
                f.context(),
                f.iteration(),
                a.floats(),
                b.floats(),
                out.floats(),
                walk,
                code(op),
                first(op),
                second(op)));
  }

  static void pointwiseKernel(
      KernelContext context,
      IntArray iteration,
      FloatArray a,
      FloatArray b,
      FloatArray y,
      IntArray walk,
      int fn,
      float p,
      float q) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      float u = a.get(Walk.at(walk, iteration, 0, i));
      float v = b.get(Walk.at(walk, iteration, 1, i));
      y.set(Walk.result(walk) + i, apply(fn, u, v, p, q));
    }
  }

  /**
   * A function of elements.
   *
   * @param x the first or only operand
   * @param y the second operand, if there is one
   * @param p the first constant, if there is one
   * @param q the second constant, if there is one
   */
  static float apply(int fn, float x, float y, float p, float q) {
    return switch (fn) {
      case NEG -> -x;
      case ABS -> TornadoMath.abs(x);
      case EXP -> TornadoMath.exp(x);
      case LOG -> TornadoMath.log(x);
      case SQRT -> TornadoMath.sqrt(x);
      case RECIPROCAL -> 1f / x;
      case SIN -> TornadoMath.sin(x);
      case COS -> TornadoMath.cos(x);
      case TANH -> FloatMath.tanh(x);
      case ERF -> FloatMath.erf(x);
      case GELU -> FloatMath.gelu(x);
      case SILU -> FloatMath.silu(x);
      case SCALE -> x * p;
      case SHIFT -> x + p;
      case CLAMP -> x < p ? p : (x > q ? q : x);
      case ADD -> x + y;
      case SUB -> x - y;
      case MUL -> x * y;
      case DIV -> x / y;
      // A NaN on the left is chosen first; one on the right because no comparison with it holds.
      case MAX -> Float.isNaN(x) || x > y ? x : y;
      default -> Float.isNaN(x) || x < y ? x : y;
    };
  }

  private static Launch gateResidual(Frame f, List<Operand> in, Operand out) {
    IntArray walk = Walk.over(f, out.shape(), in, out.offset());
    return new Launch(
        "gateResidual",
        Frame.independent(out.numel()),
        List.of(
            f.iteration(),
            in.get(0).array(),
            in.get(1).array(),
            in.get(2).array(),
            out.array(),
            walk),
        (graph, id) ->
            graph.task(
                id,
                Elementwise::gateResidualKernel,
                f.context(),
                f.iteration(),
                in.get(0).floats(),
                in.get(1).floats(),
                in.get(2).floats(),
                out.floats(),
                walk));
  }

  static void gateResidualKernel(
      KernelContext context,
      IntArray iteration,
      FloatArray residual,
      FloatArray gate,
      FloatArray x,
      FloatArray y,
      IntArray walk) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      float r = residual.get(Walk.at(walk, iteration, 0, i));
      float g = gate.get(Walk.at(walk, iteration, 1, i));
      y.set(Walk.result(walk) + i, r + g * x.get(Walk.at(walk, iteration, 2, i)));
    }
  }
}
