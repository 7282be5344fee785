package org.jdit.bench;

import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.op.Attention;
import org.jdit.tensor.op.Conv2d;
import org.jdit.tensor.op.Linear;
import org.jdit.tensor.op.MatMul;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Passes;
import org.jdit.tensor.program.Program;

/** Counts the arithmetic of matrix products, in which networks spend nearly all of theirs. */
final class Products {
  private Products() {}

  /** Floating-point operations, two for each multiplication and addition, of a run. */
  static double flops(Program program) {
    Program flat = Passes.inline(program);
    double flops = 0;
    for (Node n : flat.nodes()) {
      List<Spec> in = n.in().stream().map(flat::spec).toList();
      flops += 2 * multiplications(n.op(), in);
    }
    return flops;
  }

  private static double multiplications(Op op, List<Spec> in) {
    double results = op.infer(in).getFirst().shape().numel();
    Shape second = in.size() > 1 ? in.get(1).shape() : Shape.SCALAR;
    return switch (op) {
      case Linear _ -> results * second.dim(1);
      case MatMul _ -> results * second.dim(-2);
      case Attention _ -> 2 * results * second.dim(2);
      case Conv2d _ -> results * second.sub(1, 4).numel();
      default -> 0;
    };
  }
}
