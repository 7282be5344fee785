package org.jdit.tensor.cpu;

import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import org.jdit.tensor.op.Attention;
import org.jdit.tensor.op.AttentionGradient;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.Conv2d;
import org.jdit.tensor.op.Gather;
import org.jdit.tensor.op.Linear;
import org.jdit.tensor.op.MatMul;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.op.Reduce;
import org.jdit.tensor.op.ScatterAdd;
import org.jdit.tensor.program.Layouts;
import org.jdit.tensor.program.Program;

/** Most kernels take any layout, and all but one make row-major. */
final class CpuLayouts implements Layouts {
  @Override
  public boolean accepts(Op op, int index, List<Strided> operands) {
    Strided layout = operands.get(index);
    return switch (op) {
      case Linear _ when index == 0 -> Layouts.rows(layout).isPresent();
      case MatMul _ when index == 0 && operands.get(1).shape().rank() == 2 ->
          Layouts.rows(layout).isPresent();
      case Linear _ when index == 2 -> layout.isContiguous();
      case Gather _ when index == 0 -> layout.isContiguous();
      case Conv2d _ when index == 0 -> layout.shape().dim(3) == 1 || layout.strides().get(3) == 1;
      case Conv2d _ -> layout.isContiguous();
      default -> true;
    };
  }

  @Override
  public Strided result(Op op, int index, Shape shape) {
    return op instanceof Attention && index == 0
        ? Layouts.headsSideBySide(shape)
        : Strided.contiguous(shape);
  }

  @Override
  public boolean places(Op op) {
    return switch (op) {
      case Linear _, MatMul _, AttentionGradient _, Reduce _, ScatterAdd _, Call _ -> true;
      default -> false;
    };
  }

  /** Calls are element-wise chains here, or chains that end in a reduction. */
  @Override
  public boolean overwrites(Op op) {
    return op instanceof Call(Program chain) && !(chain.nodes().getLast().op() instanceof Reduce);
  }
}
