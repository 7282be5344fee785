package org.jdit.tensor.tornado.kernel;

import java.util.ArrayList;
import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * How the elements of operands of one shape lie, for kernels that walk over them in row-major
 * order. It is a table and not arguments, which TornadoVM would compile into the code: so kernels
 * for other sizes and layouts are the same code, which drivers that remember code compile once.
 *
 * <p>The table: how many elements, where the result begins, how many operands and axes; for each
 * operand its offset and step; sizes of the axes; for each operand its strides. Axes that all
 * operands step through without a gap are one.
 */
final class Walk {
  private static final int HEAD = 4;

  private Walk() {}

  /**
   * The walk over operands of this shape.
   *
   * @param result position of the result, which is contiguous
   */
  static IntArray over(Frame f, Shape shape, List<Operand> operands, int result) {
    List<Strided> layouts = operands.stream().map(Operand::layout).toList();
    List<Integer> axes = new ArrayList<>();
    List<Integer> dims = new ArrayList<>();
    for (int axis = 0; axis < shape.rank(); axis++) {
      if (shape.dim(axis) == 1) {
        continue;
      }
      if (!axes.isEmpty() && adjoin(axes.getLast(), axis, shape, layouts)) {
        dims.add(dims.removeLast() * shape.dim(axis));
        axes.removeLast();
      } else {
        dims.add(shape.dim(axis));
      }
      axes.add(axis);
    }
    List<Integer> table =
        new ArrayList<>(
            List.of(Math.toIntExact(shape.numel()), result, operands.size(), axes.size()));
    for (Operand x : operands) {
      table.add(x.offset());
      table.add(x.step());
    }
    table.addAll(dims);
    for (Operand x : operands) {
      axes.forEach(axis -> table.add(x.stride(axis)));
    }
    return f.tables().of(table.stream().mapToInt(Integer::intValue).toArray());
  }

  private static boolean adjoin(int outer, int inner, Shape shape, List<Strided> operands) {
    return operands.stream()
        .allMatch(s -> s.strides().get(outer) == s.strides().get(inner) * shape.dim(inner));
  }

  /** How many elements there are. */
  static int size(IntArray walk) {
    return walk.get(0);
  }

  /** Position of the first element of the result. */
  static int result(IntArray walk) {
    return walk.get(1);
  }

  /** Position of an operand's element with this row-major index. */
  static int at(IntArray walk, IntArray iteration, int operand, int index) {
    int operands = walk.get(2);
    int rank = walk.get(3);
    int sizes = HEAD + 2 * operands;
    int strides = sizes + (operand + 1) * rank;
    int place = HEAD + 2 * operand;
    int position = walk.get(place) + iteration.get(0) * walk.get(place + 1);
    int left = index;
    for (int axis = rank - 1; axis > 0; axis--) {
      int size = walk.get(sizes + axis);
      position += left % size * walk.get(strides + axis);
      left = left / size;
    }
    // A walk over one element has no axis, and index 0.
    return rank > 0 ? position + left * walk.get(strides) : position;
  }
}
