package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.Arena;
import java.util.Optional;
import java.util.function.ObjIntConsumer;
import java.util.function.ToIntBiFunction;
import org.jdit.tensor.cpu.machine.FloatCode;
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
 * operations of a vector in registers, and no compiler to wait for. Every number that formulas name
 * has a register too, so there is no code for some chains of two functions with many of them.
 */
final class Loops {
  private static final Optional<VectorLoop.Loader> LOADER =
      Lanes.COUNT == 16 ? FloatCode.find().toOptional().map(FloatCode::loops) : Optional.empty();

  /** Vectors of a piece. */
  private static final int PIECE = 1024;

  /** Floats of a step of {@link #pairs}. */
  static final int PAIR = 2 * 16;

  private static final int SIGN = Integer.MIN_VALUE;

  private Loops() {}

  /** A loop for good for this machine and these vectors, if it has any. */
  static Optional<VectorLoop> load(LoopWriter loop) {
    return load(loop, Arena.global());
  }

  /** As above, until an arena is closed. */
  static Optional<VectorLoop> load(LoopWriter loop, Arena arena) {
    return LOADER.flatMap(loader -> loader.load(loop, arena));
  }

  /**
   * Runs a loop of which all addresses move on by a vector with each step, over some floats and
   * what is missing to a whole vector; in pieces, since the garbage collector waits for each.
   */
  static void run(VectorLoop loop, long[] addresses, float[] array, long floats) {
    long left = Math.ceilDiv(floats, (long) Lanes.COUNT);
    while (true) {
      loop.run(addresses, array, (int) Math.min(left, PIECE));
      left -= PIECE;
      if (left <= 0) {
        return;
      }
      for (int i = 0; i < addresses.length; i++) {
        addresses[i] += (long) PIECE * Lanes.BYTES;
      }
    }
  }

  /** The loop that computes something of each vector at its first address, to its second. */
  static Optional<VectorLoop> map(ToIntBiFunction<LoopWriter, Integer> function) {
    LoopWriter x = new LoopWriter();
    x.store(function.applyAsInt(x, x.vector(new Place(0, 0, 1))), new Place(1, 0, 1));
    return load(x);
  }

  /** The loop that does the same to two vectors, 0 and 1, at each step. */
  static Optional<VectorLoop> pairs(ObjIntConsumer<LoopWriter> each) {
    LoopWriter x = new LoopWriter();
    each.accept(x, 0);
    each.accept(x, 1);
    return load(x);
  }

  /** Whether there is code for an element-wise operation. */
  static boolean compute(Op op) {
    return switch (op) {
      case Unary u ->
          switch (u.fn()) {
            case NEG, ABS, EXP, LOG, SQRT, RECIPROCAL, TANH -> true;
            case SIN, COS, ERF -> false;
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
      case LOG -> log(x, a);
      case SQRT -> x.sqrt(a);
      case RECIPROCAL -> x.div(x.literal(1), a);
      case TANH -> tanh(x, a);
      case SIN, COS, ERF -> throw new IllegalArgumentException("no code for " + fn);
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

  /** {@link VectorMath#log}. */
  static int log(LoopWriter x, int a) {
    int one = x.literal(1);
    int whole = x.mantissa(a);
    int half = x.literal(0.5f);
    int limit = x.bits(VectorMath.SQRT_2_BITS);
    int e = x.exponent(a);
    int f = x.sub(x.select(Comparison.LESS_OR_EQUAL, limit, whole, x.mul(whole, half), whole), one);
    e = x.select(Comparison.LESS_OR_EQUAL, limit, whole, x.add(e, one), e);
    int p = x.fma(f, x.literal(VectorMath.LOG_11), x.literal(VectorMath.LOG_10));
    p = x.fma(p, f, x.literal(VectorMath.LOG_9));
    p = x.fma(p, f, x.literal(VectorMath.LOG_8));
    p = x.fma(p, f, x.literal(VectorMath.LOG_7));
    p = x.fma(p, f, x.literal(VectorMath.LOG_6));
    p = x.fma(p, f, x.literal(VectorMath.LOG_5));
    p = x.fma(p, f, x.literal(VectorMath.LOG_4));
    p = x.fma(p, f, x.literal(VectorMath.LOG_3));
    int square = x.mul(f, f);
    int tail = x.fma(e, x.literal(VectorMath.LN2_LOW), x.mul(x.mul(p, f), square));
    int r =
        x.fma(e, x.literal(VectorMath.LN2_HIGH), x.add(f, x.fma(square, x.literal(-0.5f), tail)));
    int zero = x.literal(0);
    r = x.select(Comparison.EQUAL, a, zero, x.literal(Float.NEGATIVE_INFINITY), r);
    r = x.select(Comparison.LESS, a, zero, x.literal(Float.NaN), r);
    return x.select(Comparison.LESS, a, x.literal(Float.POSITIVE_INFINITY), r, a);
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
