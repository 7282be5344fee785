package org.jdit.tensor.cpu.kernel;

import java.util.Optional;
import java.util.function.ToIntBiFunction;
import org.jdit.tensor.cpu.machine.LoopWriter;
import org.jdit.tensor.cpu.machine.LoopWriter.Comparison;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;
import org.jdit.tensor.cpu.machine.VectorLoop;
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
 * What loops in machine code compute: the bits of {@link FloatFunction} and {@link VectorMath}, all
 * operations of a vector in registers, and no compiler to wait for.
 */
final class Loops {
  private static final Optional<VectorLoop.Loader> LOADER =
      Lanes.COUNT == 16 ? VectorLoop.find().toOptional() : Optional.empty();

  private static final int SIGN = Integer.MIN_VALUE;

  private Loops() {}

  /** A loop for this machine and these vectors, if it has any. */
  static Optional<VectorLoop> load(LoopWriter loop) {
    return LOADER.flatMap(loader -> loader.load(loop));
  }

  /** The loop that computes something of each vector at its first address, to its second. */
  static Optional<VectorLoop> map(ToIntBiFunction<LoopWriter, Integer> function) {
    LoopWriter x = new LoopWriter();
    x.store(function.applyAsInt(x, x.vector(new Place(0, 0, 1))), new Place(1, 0, 1));
    return load(x);
  }

  /** Whether there is code for an element-wise operation. */
  static boolean compute(Op op) {
    return switch (op) {
      case Unary u ->
          switch (u.fn()) {
            case NEG, ABS, EXP, SQRT, RECIPROCAL, TANH -> true;
            case LOG, SIN, COS, ERF -> false;
          };
      case Binary _, Compare _, Scale _, Shift _, Clamp _, Where _, Cast _ -> true;
      case Gelu _, Silu _, GateResidual _ -> true;
      default -> false;
    };
  }

  /**
   * Adds an element-wise operation for which there is code; operands beyond its arity are ignored.
   */
  static int compute(LoopWriter x, Op op, int a, int b, int c) {
    return switch (op) {
      case Unary u -> compute(x, u.fn(), a);
      case Binary f ->
          switch (f.fn()) {
            case ADD -> x.add(a, b);
            case SUB -> x.sub(a, b);
            case MUL -> x.mul(a, b);
            case DIV -> x.div(a, b);
            case MAX -> x.max(a, b);
            case MIN -> x.min(a, b);
          };
      case Compare r -> x.select(comparison(r.fn()), a, b, x.literal(1), x.literal(0));
      case Scale s -> x.mul(a, x.literal((float) s.by()));
      case Shift s -> x.add(a, x.literal((float) s.by()));
      case Clamp k -> x.min(x.max(a, x.literal((float) k.min())), x.literal((float) k.max()));
      case Where _ -> x.select(Comparison.EQUAL, a, x.literal(0), c, b);
      case Cast _ -> a;
      case Gelu _ -> gelu(x, a);
      case Silu _ -> silu(x, a);
      case GateResidual _ -> x.fma(b, c, a);
      default -> throw new IllegalArgumentException("no code for " + op.name());
    };
  }

  private static int compute(LoopWriter x, Unary.Fn fn, int a) {
    return switch (fn) {
      case NEG -> x.xor(a, x.bits(SIGN));
      case ABS -> x.and(a, x.bits(~SIGN));
      case EXP -> exp(x, a);
      case SQRT -> x.sqrt(a);
      case RECIPROCAL -> x.div(x.literal(1), a);
      case TANH -> tanh(x, a);
      case LOG, SIN, COS, ERF -> throw new IllegalArgumentException("no code for " + fn);
    };
  }

  private static Comparison comparison(Compare.Fn fn) {
    return switch (fn) {
      case LT -> Comparison.LESS;
      case LE -> Comparison.LESS_OR_EQUAL;
      case EQ -> Comparison.EQUAL;
    };
  }

  /** {@link VectorMath#exp}, whose last two products one instruction makes. */
  static int exp(LoopWriter x, int a) {
    int limited = x.atMost(x.literal(VectorMath.MOST), x.atLeast(x.literal(VectorMath.LEAST), a));
    int round = x.literal(VectorMath.ROUND);
    int n = x.sub(x.fma(limited, x.literal(VectorMath.LOG2_E), round), round);
    int r = x.fma(n, x.literal(-VectorMath.LN2_HIGH), limited);
    r = x.fma(n, x.literal(-VectorMath.LN2_LOW), r);
    int p = x.fma(r, x.literal(VectorMath.EXP_6), x.literal(VectorMath.EXP_5));
    p = x.fma(p, r, x.literal(VectorMath.EXP_4));
    p = x.fma(p, r, x.literal(VectorMath.EXP_3));
    p = x.fma(p, r, x.literal(VectorMath.EXP_2));
    p = x.add(x.fma(p, x.mul(r, r), r), x.literal(1));
    return x.scale(p, n);
  }

  /** {@link VectorMath#tanh}. */
  private static int tanh(LoopWriter x, int a) {
    int z = x.mul(a, a);
    int p = x.fma(z, x.literal(VectorMath.TANH_13), x.literal(VectorMath.TANH_11));
    p = x.fma(p, z, x.literal(VectorMath.TANH_9));
    p = x.fma(p, z, x.literal(VectorMath.TANH_7));
    p = x.fma(p, z, x.literal(VectorMath.TANH_5));
    p = x.fma(p, z, x.literal(VectorMath.TANH_3));
    int small = x.fma(p, x.mul(z, a), a);
    int size = x.and(a, x.bits(~SIGN));
    int one = x.literal(1);
    int large = x.sub(one, x.div(x.literal(2), x.add(exp(x, x.add(size, size)), one)));
    large = x.select(Comparison.LESS, a, x.literal(0), x.xor(large, x.bits(SIGN)), large);
    return x.select(Comparison.LESS, size, x.literal(VectorMath.TANH_SMALL), small, large);
  }

  /** {@link VectorMath#gelu}. */
  static int gelu(LoopWriter x, int a) {
    int slope = x.fma(x.mul(a, a), x.literal(VectorMath.GELU_3), x.literal(VectorMath.GELU_1));
    return x.div(a, x.add(exp(x, x.mul(slope, a)), x.literal(1)));
  }

  /** {@link VectorMath#silu}. */
  static int silu(LoopWriter x, int a) {
    return x.div(a, x.add(exp(x, x.xor(a, x.bits(SIGN))), x.literal(1)));
  }
}
