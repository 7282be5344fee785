package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.MEMORY;
import static org.jdit.tensor.cpu.kernel.Lanes.load;
import static org.jdit.tensor.cpu.kernel.Lanes.store;

import java.lang.foreign.MemorySegment;
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
  /**
   * Sets as many floats as fit {@code bytes}; operands beyond the function's arity are ignored. All
   * are addresses, and {@code y} may be one of the others.
   */
  void apply(long a, long b, long c, long y, long bytes);

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
      case Where _ -> (a, b, c, y, bytes) -> where(a, b, c, y, bytes);
      case Cast _ -> (a, _, _, y, bytes) -> MemorySegment.copy(MEMORY, a, MEMORY, y, bytes);
      case Gelu _ -> (a, _, _, y, bytes) -> gelu(a, y, bytes);
      case Silu _ -> (a, _, _, y, bytes) -> silu(a, y, bytes);
      case GateResidual _ -> (a, b, c, y, bytes) -> addProduct(a, b, c, y, bytes);
      default -> throw new IllegalArgumentException(op.name() + " is not element-wise");
    };
  }

  private static FloatFunction of(Unary.Fn fn) {
    return switch (fn) {
      case NEG -> (a, _, _, y, bytes) -> neg(a, y, bytes);
      case ABS -> (a, _, _, y, bytes) -> abs(a, y, bytes);
      case EXP -> (a, _, _, y, bytes) -> exp(a, y, bytes);
      case LOG -> (a, _, _, y, bytes) -> log(a, y, bytes);
      case SQRT -> (a, _, _, y, bytes) -> sqrt(a, y, bytes);
      case RECIPROCAL -> (a, _, _, y, bytes) -> reciprocal(a, y, bytes);
      case SIN -> (a, _, _, y, bytes) -> sin(a, y, bytes);
      case COS -> (a, _, _, y, bytes) -> cos(a, y, bytes);
      case TANH -> (a, _, _, y, bytes) -> tanh(a, y, bytes);
      case ERF -> (a, _, _, y, bytes) -> erf(a, y, bytes);
    };
  }

  private static FloatFunction of(Binary.Fn fn) {
    return switch (fn) {
      case ADD -> (a, b, _, y, bytes) -> add(a, b, y, bytes);
      case SUB -> (a, b, _, y, bytes) -> sub(a, b, y, bytes);
      case MUL -> (a, b, _, y, bytes) -> mul(a, b, y, bytes);
      case DIV -> (a, b, _, y, bytes) -> div(a, b, y, bytes);
      case MAX -> (a, b, _, y, bytes) -> max(a, b, y, bytes);
      case MIN -> (a, b, _, y, bytes) -> min(a, b, y, bytes);
    };
  }

  private static FloatFunction of(Compare.Fn fn) {
    return switch (fn) {
      case LT -> (a, b, _, y, bytes) -> lt(a, b, y, bytes);
      case LE -> (a, b, _, y, bytes) -> le(a, b, y, bytes);
      case EQ -> (a, b, _, y, bytes) -> eq(a, b, y, bytes);
    };
  }

  private static void neg(long a, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(load(a + i).neg(), y + i);
    }
  }

  private static void abs(long a, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(load(a + i).abs(), y + i);
    }
  }

  private static void exp(long a, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(VectorMath.exp(load(a + i)), y + i);
    }
  }

  private static void log(long a, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(VectorMath.log(load(a + i)), y + i);
    }
  }

  private static void sqrt(long a, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(load(a + i).sqrt(), y + i);
    }
  }

  private static void reciprocal(long a, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(FloatVector.broadcast(Lanes.F32, 1f).div(load(a + i)), y + i);
    }
  }

  private static void sin(long a, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(VectorMath.sin(load(a + i)), y + i);
    }
  }

  private static void cos(long a, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(VectorMath.cos(load(a + i)), y + i);
    }
  }

  private static void tanh(long a, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(VectorMath.tanh(load(a + i)), y + i);
    }
  }

  private static void erf(long a, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(VectorMath.erf(load(a + i)), y + i);
    }
  }

  private static void silu(long a, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(VectorMath.silu(load(a + i)), y + i);
    }
  }

  private static void gelu(long a, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(VectorMath.gelu(load(a + i)), y + i);
    }
  }

  private static void add(long a, long b, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(load(a + i).add(load(b + i)), y + i);
    }
  }

  private static void sub(long a, long b, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(load(a + i).sub(load(b + i)), y + i);
    }
  }

  private static void mul(long a, long b, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(load(a + i).mul(load(b + i)), y + i);
    }
  }

  private static void div(long a, long b, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(load(a + i).div(load(b + i)), y + i);
    }
  }

  private static void max(long a, long b, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(load(a + i).max(load(b + i)), y + i);
    }
  }

  private static void min(long a, long b, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(load(a + i).min(load(b + i)), y + i);
    }
  }

  private static void lt(long a, long b, long y, long bytes) {
    FloatVector no = FloatVector.zero(Lanes.F32);
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(no.blend(1f, load(a + i).compare(VectorOperators.LT, load(b + i))), y + i);
    }
  }

  private static void le(long a, long b, long y, long bytes) {
    FloatVector no = FloatVector.zero(Lanes.F32);
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(no.blend(1f, load(a + i).compare(VectorOperators.LE, load(b + i))), y + i);
    }
  }

  private static void eq(long a, long b, long y, long bytes) {
    FloatVector no = FloatVector.zero(Lanes.F32);
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(no.blend(1f, load(a + i).compare(VectorOperators.EQ, load(b + i))), y + i);
    }
  }

  private static FloatFunction scale(float by) {
    return (a, _, _, y, bytes) -> scale(a, by, y, bytes);
  }

  private static void scale(long a, float by, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(load(a + i).mul(by), y + i);
    }
  }

  private static FloatFunction shift(float by) {
    return (a, _, _, y, bytes) -> shift(a, by, y, bytes);
  }

  private static void shift(long a, float by, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(load(a + i).add(by), y + i);
    }
  }

  private static FloatFunction clamp(float min, float max) {
    return (a, _, _, y, bytes) -> clamp(a, min, max, y, bytes);
  }

  private static void clamp(long a, float min, float max, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(load(a + i).max(min).min(max), y + i);
    }
  }

  private static void where(long a, long b, long c, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(load(b + i).blend(load(c + i), load(a + i).compare(VectorOperators.EQ, 0f)), y + i);
    }
  }

  private static void addProduct(long a, long b, long c, long y, long bytes) {
    for (long i = 0; i < bytes; i += Lanes.BYTES) {
      store(load(b + i).fma(load(c + i), load(a + i)), y + i);
    }
  }
}
