package org.jdit.tensor.tornado;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
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
import org.jdit.tensor.program.Input;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.tornado.kernel.AttentionKernel;

/** Which operations this backend has kernels for. */
final class Support {
  /** Element types that device arrays hold. */
  private static final Set<DType> TYPES = EnumSet.of(DType.F32, DType.I64, DType.BOOL);

  private Support() {}

  /** Whether there is a kernel for {@code op} on such operands. */
  static boolean of(Op op, List<Spec> in) {
    if (op instanceof Call(Program p)) {
      return p.nodes().stream().allMatch(n -> of(n.op(), specs(p, n)));
    }
    if (!in.stream().allMatch(s -> TYPES.contains(s.dtype()))) {
      return false;
    }
    return switch (op) {
      case Cast(DType to) -> TYPES.contains(to);
      case Fill(Spec out, double _) -> TYPES.contains(out.dtype());
      case Iota(Spec out, int _) -> TYPES.contains(out.dtype());
      case Unary _, Scale _, Shift _, Clamp _, Compare _, Where _, Binary _ -> true;
      case View _, Concat _, Pad _, Reduce _, Gather _, ScatterAdd _, Unfold _, Fold _ -> true;
      case Attention _ -> in.getFirst().shape().dim(3) <= AttentionKernel.LARGEST_HEAD;
      // Their recipes run here.
      case AttentionGradient _, RmsNorm _ -> false;
      case MatMul _, Linear _, Conv2d _, Gelu _, Silu _, GateResidual _ -> true;
      case LayerNorm _, LayerNormModulate _, GroupNorm _, Softmax _, Call _ -> true;
    };
  }

  private static List<Spec> specs(Program p, Node n) {
    return n.in().stream().map(p::spec).toList();
  }

  /**
   * Refuses a Program that has an operation without a kernel, or a value without an array.
   *
   * @throws JditException which names it
   */
  static void check(Program p) {
    for (Node n : p.nodes()) {
      if (!of(n.op(), specs(p, n))) {
        throw new JditException(
            "tornado does not support %s of %s: it computes in %s; cast first, or use the cpu backend"
                .formatted(n.op().name(), specs(p, n), TYPES));
      }
    }
    for (Input i : p.inputs()) {
      if (!TYPES.contains(p.spec(i.id()).dtype())) {
        throw new JditException(
            "tornado does not support %s, which is %s: it holds %s"
                .formatted(i.name(), p.spec(i.id()), TYPES));
      }
    }
  }
}
