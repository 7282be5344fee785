package org.jdit.tensor.cpu;

import java.util.List;
import java.util.Optional;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import org.jdit.tensor.op.Attention;
import org.jdit.tensor.op.Conv2d;
import org.jdit.tensor.op.Gather;
import org.jdit.tensor.op.Linear;
import org.jdit.tensor.op.MatMul;
import org.jdit.tensor.op.Op;

/**
 * Which layouts the kernels take and make. Most take any layout, and all but one make row-major.
 */
final class Operands {
  private Operands() {}

  /** Whether the kernel of {@code op} reads operand {@code index} as it lies. */
  static boolean accepts(Op op, int index, List<Strided> operands) {
    Strided layout = operands.get(index);
    return switch (op) {
      case Linear _ when index == 0 -> rows(layout).isPresent();
      case MatMul _ when index == 0 && operands.get(1).shape().rank() == 2 ->
          rows(layout).isPresent();
      case Linear _ when index == 2 -> layout.isContiguous();
      case Gather _ when index == 0 -> layout.isContiguous();
      case Conv2d _ when index == 0 -> layout.shape().dim(3) == 1 || layout.strides().get(3) == 1;
      case Conv2d _ -> layout.isContiguous();
      default -> true;
    };
  }

  /** A layout as a matrix: all axes but the last are rows. */
  static Optional<Strided> rows(Strided layout) {
    int last = layout.shape().dim(-1);
    long rows = layout.shape().sub(0, layout.shape().rank() - 1).numel();
    return layout.reshape(Shape.of(Math.toIntExact(rows), last));
  }

  /**
   * How result {@code index} of {@code op} lies in its buffer. Attention puts the heads of a token
   * side by side, where the projection after it reads them.
   */
  static Strided resultLayout(Op op, int index, Shape shape) {
    if (op instanceof Attention && index == 0) {
      Shape tokens = Shape.of(shape.dim(0), shape.dim(2), shape.dim(1), shape.dim(3));
      return Strided.contiguous(tokens).permute(List.of(0, 2, 1, 3));
    }
    return Strided.contiguous(shape);
  }
}
