package org.jdit.tensor.tornado;

import java.util.List;
import java.util.Set;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import org.jdit.tensor.op.Attention;
import org.jdit.tensor.op.Binary;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.Clamp;
import org.jdit.tensor.op.GateResidual;
import org.jdit.tensor.op.Gather;
import org.jdit.tensor.op.Gelu;
import org.jdit.tensor.op.Linear;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.op.Scale;
import org.jdit.tensor.op.Shift;
import org.jdit.tensor.op.Silu;
import org.jdit.tensor.op.Unary;
import org.jdit.tensor.program.Layouts;

/**
 * Most kernels take any layout, and all but one make row-major.
 *
 * @param loops the calls that are loops; other calls are element-wise chains
 */
record TornadoLayouts(Set<Op> loops) implements Layouts {
  @Override
  public boolean accepts(Op op, int index, List<Strided> operands) {
    Strided layout = operands.get(index);
    return switch (op) {
      case Linear _ when index == 0 -> Layouts.rows(layout).isPresent();
      case Gather _ when index == 0 -> layout.isContiguous();
      // What a loop is given lies as its body was compiled for.
      case Call _ when loops.contains(op) -> layout.isContiguous();
      default -> true;
    };
  }

  @Override
  public Strided result(Op op, int index, Shape shape) {
    return op instanceof Attention && index == 0
        ? Layouts.headsSideBySide(shape)
        : Strided.contiguous(shape);
  }

  /** Kernels write to buffers of their own. */
  @Override
  public boolean places(Op op) {
    return false;
  }

  @Override
  public boolean overwrites(Op op) {
    return switch (op) {
      case Unary _, Binary _, Scale _, Shift _, Clamp _, Gelu _, Silu _, GateResidual _ -> true;
      case Call _ -> !loops.contains(op);
      default -> false;
    };
  }
}
