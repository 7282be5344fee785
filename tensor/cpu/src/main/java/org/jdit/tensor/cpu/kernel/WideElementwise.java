package org.jdit.tensor.cpu.kernel;

import java.util.List;
import org.jdit.tensor.DType;
import org.jdit.tensor.Elements;
import org.jdit.tensor.JditException;
import org.jdit.tensor.op.Binary;
import org.jdit.tensor.op.Cast;
import org.jdit.tensor.op.Clamp;
import org.jdit.tensor.op.Compare;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.op.Scale;
import org.jdit.tensor.op.Shift;
import org.jdit.tensor.op.Unary;
import org.jdit.tensor.op.Where;

/**
 * Element-wise operations on types that float cannot hold (F64, I64, I32, and arithmetic of small
 * integers), element by element in double or long.
 */
public final class WideElementwise implements Step {
  @FunctionalInterface
  private interface OfDouble {
    double apply(double a, double b, double c);
  }

  @FunctionalInterface
  private interface OfLong {
    long apply(long a, long b, long c);
  }

  @FunctionalInterface
  private interface Element {
    void compute(long index);
  }

  private static final int GRAIN = 4096;

  private final Workers workers;
  private final Operand out;
  private final Operand[] in;
  private final Reader[] at;
  private final Element element;

  /** One operation with a contiguous result. */
  public WideElementwise(Workers workers, Op op, List<Operand> operands, Operand out) {
    this.workers = workers;
    this.out = out;
    in = operands.stream().map(x -> x.expand(out.shape())).toArray(Operand[]::new);
    at = operands.stream().map(x -> new Reader(x.expand(out.shape()))).toArray(Reader[]::new);
    DType type = in[in.length - 1].dtype();
    boolean whole =
        op instanceof Cast(DType to) ? !type.isFloating() && !to.isFloating() : !type.isFloating();
    element = whole ? inLong(longFunction(op)) : inDouble(doubleFunction(op));
  }

  private Element inDouble(OfDouble fn) {
    return i ->
        Elements.set(
            out.data(),
            out.dtype(),
            position(i),
            fn.apply(number(0, i), number(1, i), number(2, i)));
  }

  private Element inLong(OfLong fn) {
    return i ->
        Elements.setLong(
            out.data(), out.dtype(), position(i), fn.apply(whole(0, i), whole(1, i), whole(2, i)));
  }

  private long position(long index) {
    return out.layout().offset() + index;
  }

  private double number(int operand, long index) {
    return operand < in.length
        ? Elements.get(in[operand].data(), in[operand].dtype(), at[operand].position(index))
        : 0;
  }

  private long whole(int operand, long index) {
    return operand < in.length
        ? Elements.getLong(in[operand].data(), in[operand].dtype(), at[operand].position(index))
        : 0;
  }

  private static OfDouble doubleFunction(Op op) {
    return switch (op) {
      case Unary(Unary.Fn fn) ->
          switch (fn) {
            case NEG -> (a, _, _) -> -a;
            case ABS -> (a, _, _) -> Math.abs(a);
            case EXP -> (a, _, _) -> StrictMath.exp(a);
            case LOG -> (a, _, _) -> StrictMath.log(a);
            case SQRT -> (a, _, _) -> Math.sqrt(a);
            case RECIPROCAL -> (a, _, _) -> 1 / a;
            case SIN -> (a, _, _) -> StrictMath.sin(a);
            case COS -> (a, _, _) -> StrictMath.cos(a);
            case TANH -> (a, _, _) -> StrictMath.tanh(a);
            case ERF -> throw new IllegalArgumentException(op.name() + " has no kernel in double");
          };
      case Binary(Binary.Fn fn) ->
          switch (fn) {
            case ADD -> (a, b, _) -> a + b;
            case SUB -> (a, b, _) -> a - b;
            case MUL -> (a, b, _) -> a * b;
            case DIV -> (a, b, _) -> a / b;
            case MAX -> (a, b, _) -> Math.max(a, b);
            case MIN -> (a, b, _) -> Math.min(a, b);
          };
      case Compare(Compare.Fn fn) ->
          switch (fn) {
            case LT -> (a, b, _) -> a < b ? 1 : 0;
            case LE -> (a, b, _) -> a <= b ? 1 : 0;
            case EQ -> (a, b, _) -> a == b ? 1 : 0;
          };
      case Scale(double by) -> (a, _, _) -> a * by;
      case Shift(double by) -> (a, _, _) -> a + by;
      case Clamp(double min, double max) -> (a, _, _) -> Math.min(Math.max(a, min), max);
      case Where _ -> (a, b, c) -> a != 0 ? b : c;
      case Cast _ -> (a, _, _) -> a;
      default -> throw new IllegalArgumentException(op.name() + " has no kernel in double");
    };
  }

  private static OfLong longFunction(Op op) {
    return switch (op) {
      case Binary(Binary.Fn fn) ->
          switch (fn) {
            case ADD -> (a, b, _) -> a + b;
            case SUB -> (a, b, _) -> a - b;
            case MUL -> (a, b, _) -> a * b;
            case DIV -> (a, b, _) -> quotient(a, b);
            case MAX -> (a, b, _) -> Math.max(a, b);
            case MIN -> (a, b, _) -> Math.min(a, b);
          };
      case Compare(Compare.Fn fn) ->
          switch (fn) {
            case LT -> (a, b, _) -> a < b ? 1 : 0;
            case LE -> (a, b, _) -> a <= b ? 1 : 0;
            case EQ -> (a, b, _) -> a == b ? 1 : 0;
          };
      case Where _ -> (a, b, c) -> a != 0 ? b : c;
      case Cast _ -> (a, _, _) -> a;
      default -> throw new IllegalArgumentException(op.name() + " has no kernel for integers");
    };
  }

  private static long quotient(long a, long b) {
    if (b == 0) {
      throw new JditException("division by zero: an integer tensor is divided by one that has a 0");
    }
    return a / b;
  }

  @Override
  public void run() {
    workers.run(Tasks.of(out.numel(), GRAIN), this::task);
  }

  private void task(int task, int worker) {
    long end = Math.min(out.numel(), (task + 1L) * GRAIN);
    for (long i = (long) task * GRAIN; i < end; i++) {
      element.compute(i);
    }
  }
}
