package org.jdit.tensor.cpu.kernel;

import java.util.Arrays;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;

/**
 * The axes of values of one shape, as few as walk all of them: axes of size 1 are dropped and
 * neighbours merged where every value's strides allow it. There are always at least two.
 */
final class Axes {
  private final int[] dims;
  private final long[][] strides;

  /** Merges the axes of layouts of equal shape. */
  static Axes of(Strided... layouts) {
    Shape shape = layouts[0].shape();
    int[] dims = new int[Math.max(2, shape.rank())];
    long[][] strides = new long[layouts.length][dims.length];
    int at = dims.length;
    for (int axis = shape.rank() - 1; axis >= 0; axis--) {
      int size = shape.dim(axis);
      if (size == 1) {
        continue;
      }
      if (at < dims.length
          && continues(layouts, axis, dims[at], at, strides)
          && (long) dims[at] * size <= Integer.MAX_VALUE) {
        dims[at] *= size;
        continue;
      }
      dims[--at] = size;
      for (int i = 0; i < layouts.length; i++) {
        strides[i][at] = layouts[i].strides().get(axis);
      }
    }
    while (at > dims.length - 2) {
      dims[--at] = 1;
    }
    int first = at;
    return new Axes(
        Arrays.copyOfRange(dims, first, dims.length),
        Arrays.stream(strides)
            .map(s -> Arrays.copyOfRange(s, first, s.length))
            .toArray(long[][]::new));
  }

  private static boolean continues(
      Strided[] layouts, int axis, int inner, int at, long[][] strides) {
    for (int i = 0; i < layouts.length; i++) {
      if (layouts[i].strides().get(axis) != inner * strides[i][at]) {
        return false;
      }
    }
    return true;
  }

  private Axes(int[] dims, long[][] strides) {
    this.dims = dims;
    this.strides = strides;
  }

  /** The same with the last two axes exchanged. */
  Axes swapped() {
    int last = dims.length - 1;
    int[] d = dims.clone();
    d[last] = dims[last - 1];
    d[last - 1] = dims[last];
    long[][] s = Arrays.stream(strides).map(long[]::clone).toArray(long[][]::new);
    for (int i = 0; i < s.length; i++) {
      s[i][last] = strides[i][last - 1];
      s[i][last - 1] = strides[i][last];
    }
    return new Axes(d, s);
  }

  /** Size of an axis; negative axes count from the end. */
  int dim(int axis) {
    return dims[axis < 0 ? axis + dims.length : axis];
  }

  /** A value's step along an axis; negative axes count from the end. */
  long stride(int value, int axis) {
    return strides[value][axis < 0 ? axis + dims.length : axis];
  }

  /** Position of index {@code outer} (row-major) of all but the last {@code innerAxes} axes. */
  long position(int value, long outer, int innerAxes) {
    long p = 0;
    long left = outer;
    for (int i = dims.length - innerAxes - 1; i >= 0; i--) {
      p += left % dims[i] * strides[value][i];
      left /= dims[i];
    }
    return p;
  }
}
