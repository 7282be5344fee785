package org.jdit.tensor.cpu;

import java.util.List;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Spec;
import org.jdit.tensor.op.Attention;
import org.jdit.tensor.op.AttentionGradient;
import org.jdit.tensor.op.Binary;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.Cast;
import org.jdit.tensor.op.Clamp;
import org.jdit.tensor.op.Compare;
import org.jdit.tensor.op.Concat;
import org.jdit.tensor.op.Conv2d;
import org.jdit.tensor.op.Fill;
import org.jdit.tensor.op.Fold;
import org.jdit.tensor.op.GateResidual;
import org.jdit.tensor.op.Gather;
import org.jdit.tensor.op.Gelu;
import org.jdit.tensor.op.GroupNorm;
import org.jdit.tensor.op.Iota;
import org.jdit.tensor.op.LayerNorm;
import org.jdit.tensor.op.LayerNormModulate;
import org.jdit.tensor.op.Linear;
import org.jdit.tensor.op.MatMul;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.op.Pad;
import org.jdit.tensor.op.Reduce;
import org.jdit.tensor.op.RmsNorm;
import org.jdit.tensor.op.Scale;
import org.jdit.tensor.op.ScatterAdd;
import org.jdit.tensor.op.Shift;
import org.jdit.tensor.op.Silu;
import org.jdit.tensor.op.Softmax;
import org.jdit.tensor.op.Unary;
import org.jdit.tensor.op.Unfold;
import org.jdit.tensor.op.View;
import org.jdit.tensor.op.Where;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Program;

/** What the kernels of this backend can do. */
final class Support {
  private Support() {}

  /** Whether there is a kernel for an operation on such operands. */
  static boolean of(Op op, List<Spec> in) {
    return switch (op) {
      // Element-wise in float, double or long; types narrower than float are rounded on writing.
      case Unary(Unary.Fn fn) -> fn != Unary.Fn.ERF || type(in) != DType.F64;
      case Scale _, Shift _, Clamp _, Compare _, Where _, Cast _, Binary _ -> true;
      case Fill _, Iota _, View _, Concat _, Pad _, Reduce _, Gather _, Unfold _, Fold _ -> true;
      case MatMul _, ScatterAdd _ -> type(in) == DType.F32 || type(in) == DType.F64;
      case Gelu _, Silu _, GateResidual _ -> type(in) == DType.F32;
      case Linear _, Attention _, AttentionGradient _, Conv2d _ -> type(in) == DType.F32;
      case LayerNorm _, LayerNormModulate _, GroupNorm _, RmsNorm _ -> type(in) == DType.F32;
      case Softmax _ -> type(in) == DType.F32;
      case Call(Program p) -> p.nodes().stream().allMatch(n -> of(n.op(), specs(p, n)));
    };
  }

  private static DType type(List<Spec> in) {
    return in.getFirst().dtype();
  }

  /** Specs of a node's operands. */
  static List<Spec> specs(Program p, Node n) {
    return n.in().stream().map(p::spec).toList();
  }

  /**
   * Refuses a Program that has an operation without a kernel.
   *
   * @throws JditException which names it
   */
  static void check(Program p) {
    for (Node n : p.nodes()) {
      List<Spec> in = specs(p, n);
      if (!of(n.op(), in)) {
        throw new JditException(
            "cpu does not support %s of %s; cast to f32 first".formatted(n.op().name(), in));
      }
    }
  }
}
