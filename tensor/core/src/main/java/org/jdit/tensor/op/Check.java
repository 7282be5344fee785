package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;

/** The checks that shape rules share. */
final class Check {
  private Check() {}

  static void that(boolean ok, Op op, List<Spec> in, String rule) {
    if (!ok) {
      throw new IllegalArgumentException(op.name() + " of " + in + ": " + rule);
    }
  }

  static void count(Op op, List<Spec> in, int n) {
    that(in.size() == n, op, in, "takes " + n + " operands");
  }

  static void floating(Op op, List<Spec> in) {
    DType type = in.getFirst().dtype();
    that(type.isFloating(), op, in, "needs floating-point operands");
    that(in.stream().allMatch(s -> s.dtype() == type), op, in, "operands differ in element type");
  }

  /** Refuses a sliding window that would stand still or begin inside the image. */
  static void window(int stride, int padding) {
    if (stride < 1 || padding < 0) {
      throw new IllegalArgumentException(
          "a stride of %d and a padding of %d; use a stride of 1 or more and a padding of 0 or more"
              .formatted(stride, padding));
    }
  }

  static Shape broadcast(Op op, List<Spec> in) {
    Shape s = in.getFirst().shape();
    for (Spec i : in) {
      try {
        s = Shape.broadcast(s, i.shape());
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(op.name() + " of " + in + ": " + e.getMessage(), e);
      }
    }
    return s;
  }
}
