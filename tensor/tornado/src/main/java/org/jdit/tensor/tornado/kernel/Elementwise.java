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

  static final int ADD = 0;
  static final int SUB = 1;
  static final int MUL = 2;
  static final int DIV = 3;
  static final int MAX = 4;
  static final int MIN = 5;
  static final int LT = 6;
  static final int LE = 7;
  static final int EQ = 8;

  private Elementwise() {}

  /**
   * An operation on operands that broadcast to the shape of {@code out}.
   *
   * @param out contiguous, not empty
   */
  public static Launch of(Frame f, Op op, List<Operand> in, Operand out) {
    DType type = in.getLast().dtype();
    List<Operand> full =
        op instanceof GateResidual
            ? List.of(in.get(0), acrossTokens(in.get(1), out.shape()), in.get(2))
            : in.stream().map(x -> x.expand(out.shape())).toList();
    Walk walk = Walk.of(f, out.shape(), full.stream().map(Operand::layout).toList());
    return switch (op) {
      case Unary(Unary.Fn fn) -> unary(f, walk, code(fn), 0, 0, full, out);
      case Gelu _ -> unary(f, walk, GELU, 0, 0, full, out);
      case Silu _ -> unary(f, walk, SILU, 0, 0, full, out);
      case Scale(double by) -> unary(f, walk, SCALE, by, 0, full, out);
      case Shift(double by) -> unary(f, walk, SHIFT, by, 0, full, out);
      case Clamp(double min, double max) -> unary(f, walk, CLAMP, min, max, full, out);
      case Binary(Binary.Fn fn) when type == DType.F32 -> binary(f, walk, code(fn), full, out);
      case GateResidual _ -> gateResidual(f, walk, full, out);
      case Binary(Binary.Fn fn) -> WholeElementwise.binary(f, walk, code(fn), full, out);
      case Compare(Compare.Fn fn) -> WholeElementwise.compare(f, walk, code(fn), full, out);
      case Where _ -> WholeElementwise.where(f, walk, full, out);
      case Cast _ -> CastKernel.of(f, walk, full.getFirst(), out);
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

  // ---- one operand -------------------------------------------------------------------------

  private static Launch unary(
      Frame f, Walk walk, int fn, double p, double q, List<Operand> in, Operand out) {
    Operand x = in.getFirst();
    return new Launch(
        "unary",
        Frame.independent(out.numel()),
        List.of(f.iteration(), x.array(), out.array(), walk.table()),
        (graph, id) ->
            graph.task(
                id,
                Elementwise::unaryKernel,
                f.context(),
                f.iteration(),
                x.floats(),
                out.floats(),
                walk.table(),
                walk.rank(),
                out.numel(),
                x.offset(),
                x.step(),
                out.offset(),
                fn,
                (float) p,
                (float) q));
  }

  static void unaryKernel(
      KernelContext context,
      IntArray iteration,
      FloatArray x,
      FloatArray y,
      IntArray table,
      int rank,
      int n,
      int offset,
      int step,
      int result,
      int fn,
      float p,
      float q) {
    int i = context.globalIdx;
    if (i < n) {
      int at = offset + iteration.get(0) * step + Walk.at(table, rank, 0, i);
      y.set(result + i, apply(fn, x.get(at), p, q));
    }
  }

  private static float apply(int fn, float x, float p, float q) {
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
      default -> x < p ? p : (x > q ? q : x);
    };
  }

  // ---- several -----------------------------------------------------------------------------

  private static Launch binary(Frame f, Walk walk, int fn, List<Operand> in, Operand out) {
    Operand a = in.get(0);
    Operand b = in.get(1);
    return new Launch(
        "binary",
        Frame.independent(out.numel()),
        List.of(f.iteration(), a.array(), b.array(), out.array(), walk.table()),
        (graph, id) ->
            graph.task(
                id,
                Elementwise::binaryKernel,
                f.context(),
                f.iteration(),
                a.floats(),
                b.floats(),
                out.floats(),
                walk.table(),
                walk.rank(),
                out.numel(),
                a.offset(),
                a.step(),
                b.offset(),
                b.step(),
                out.offset(),
                fn));
  }

  static void binaryKernel(
      KernelContext context,
      IntArray iteration,
      FloatArray a,
      FloatArray b,
      FloatArray y,
      IntArray table,
      int rank,
      int n,
      int offsetA,
      int stepA,
      int offsetB,
      int stepB,
      int result,
      int fn) {
    int i = context.globalIdx;
    if (i < n) {
      float u = a.get(offsetA + iteration.get(0) * stepA + Walk.at(table, rank, 0, i));
      float v = b.get(offsetB + iteration.get(0) * stepB + Walk.at(table, rank, 1, i));
      y.set(result + i, apply(fn, u, v));
    }
  }

  private static float apply(int fn, float a, float b) {
    return switch (fn) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case DIV -> a / b;
      // A NaN on the left is chosen first; one on the right because no comparison with it holds.
      case MAX -> Float.isNaN(a) || a > b ? a : b;
      default -> Float.isNaN(a) || a < b ? a : b;
    };
  }

  private static Launch gateResidual(Frame f, Walk walk, List<Operand> in, Operand out) {
    Operand residual = in.get(0);
    Operand gate = in.get(1);
    Operand x = in.get(2);
    IntArray places =
        f.tables()
            .of(
                residual.offset(),
                residual.step(),
                gate.offset(),
                gate.step(),
                x.offset(),
                x.step());
    return new Launch(
        "gateResidual",
        Frame.independent(out.numel()),
        List.of(
            f.iteration(),
            residual.array(),
            gate.array(),
            x.array(),
            out.array(),
            walk.table(),
            places),
        (graph, id) ->
            graph.task(
                id,
                Elementwise::gateResidualKernel,
                f.context(),
                f.iteration(),
                residual.floats(),
                gate.floats(),
                x.floats(),
                out.floats(),
                walk.table(),
                places,
                walk.rank(),
                out.numel(),
                out.offset()));
  }

  static void gateResidualKernel(
      KernelContext context,
      IntArray iteration,
      FloatArray residual,
      FloatArray gate,
      FloatArray x,
      FloatArray y,
      IntArray table,
      IntArray places,
      int rank,
      int n,
      int result) {
    int i = context.globalIdx;
    if (i < n) {
      int k = iteration.get(0);
      int atResidual = places.get(0) + k * places.get(1) + Walk.at(table, rank, 0, i);
      int atGate = places.get(2) + k * places.get(3) + Walk.at(table, rank, 1, i);
      int atX = places.get(4) + k * places.get(5) + Walk.at(table, rank, 2, i);
      y.set(result + i, residual.get(atResidual) + gate.get(atGate) * x.get(atX));
    }
  }
}
