package org.jdit.tensor.tornado.kernel;

import java.util.ArrayList;
import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * How the elements of operands of one shape lie, for kernels that walk over them in row-major
 * order. Axes that all operands step through without a gap are one.
 *
 * @param rank axes that are left, at least 1
 * @param table their sizes, then the strides of each operand
 */
record Walk(int rank, IntArray table) {
  /** The walk over operands of this shape. */
  static Walk of(Frame f, Shape shape, List<Strided> operands) {
    List<Integer> axes = new ArrayList<>();
    List<Integer> dims = new ArrayList<>();
    for (int axis = 0; axis < shape.rank(); axis++) {
      if (shape.dim(axis) == 1) {
        continue;
      }
      if (!axes.isEmpty() && adjoin(axes.getLast(), axis, shape, operands)) {
        dims.add(dims.removeLast() * shape.dim(axis));
        axes.removeLast();
      } else {
        dims.add(shape.dim(axis));
      }
      axes.add(axis);
    }
    int rank = Math.max(axes.size(), 1);
    int[] table = new int[rank * (1 + operands.size())];
    table[0] = 1;
    for (int i = 0; i < axes.size(); i++) {
      table[i] = dims.get(i);
      for (int k = 0; k < operands.size(); k++) {
        table[(k + 1) * rank + i] = Math.toIntExact(operands.get(k).strides().get(axes.get(i)));
      }
    }
    return new Walk(rank, f.tables().of(table));
  }

  private static boolean adjoin(int outer, int inner, Shape shape, List<Strided> operands) {
    return operands.stream()
        .allMatch(s -> s.strides().get(outer) == s.strides().get(inner) * shape.dim(inner));
  }

  /** Position, from its first element, of an operand's element with this row-major index. */
  static int at(IntArray table, int rank, int operand, int index) {
    int left = index;
    int position = 0;
    for (int axis = rank - 1; axis >= 0; axis--) {
      int size = table.get(axis);
      position += left % size * table.get((operand + 1) * rank + axis);
      left = left / size;
    }
    return position;
  }
}
