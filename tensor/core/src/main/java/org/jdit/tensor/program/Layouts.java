package org.jdit.tensor.program;

import java.util.List;
import java.util.Optional;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import org.jdit.tensor.op.Op;

/** Which layouts a backend's kernels take and make. */
public interface Layouts {
  /** Whether the kernel of {@code op} reads operand {@code index} as it lies. */
  boolean accepts(Op op, int index, List<Strided> operands);

  /** How result {@code index} of {@code op} lies in its buffer. */
  Strided result(Op op, int index, Shape shape);

  /**
   * Whether the kernel of {@code op} reads each element of an operand before it writes the result's
   * element at the same place, and no other.
   */
  boolean overwrites(Op op);

  /** Whether the kernel of {@code op} writes row-major results at any position of a buffer. */
  boolean places(Op op);

  /** A layout as a matrix: all axes but the last are rows; empty if that needs a copy. */
  static Optional<Strided> rows(Strided layout) {
    int last = layout.shape().dim(-1);
    long rows = layout.shape().sub(0, layout.shape().rank() - 1).numel();
    return layout.reshape(Shape.of(Math.toIntExact(rows), last));
  }

  /** The heads {@code [B, H, T, D]} of a token side by side, as the projection after them reads. */
  static Strided headsSideBySide(Shape shape) {
    Shape tokens = Shape.of(shape.dim(0), shape.dim(2), shape.dim(1), shape.dim(3));
    return Strided.contiguous(tokens).permute(List.of(0, 2, 1, 3));
  }
}
