package org.jdit.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The sizes of a tensor's axes, outermost first; rank 0 is a scalar.
 *
 * @param dims the sizes, each at least 0
 */
public record Shape(List<Integer> dims) {
  /** The shape of a scalar. */
  public static final Shape SCALAR = new Shape(List.of());

  /** Checks that no size is negative. */
  public Shape {
    dims = List.copyOf(dims);
    for (int d : dims) {
      if (d < 0) {
        throw new IllegalArgumentException("negative size in shape " + dims);
      }
    }
  }

  /** A shape of the given sizes. */
  public static Shape of(int... dims) {
    return new Shape(Arrays.stream(dims).boxed().toList());
  }

  /** Number of axes. */
  public int rank() {
    return dims.size();
  }

  /** Size of an axis; negative axes count from the end. */
  public int dim(int axis) {
    return dims.get(axis(axis));
  }

  /**
   * An axis number in {@code 0..rank-1}; negative axes count from the end.
   *
   * @throws IllegalArgumentException if there is no such axis
   */
  public int axis(int axis) {
    int a = axis < 0 ? axis + rank() : axis;
    if (a < 0 || a >= rank()) {
      throw new IllegalArgumentException("axis " + axis + " of a tensor of shape " + this);
    }
    return a;
  }

  /** Number of elements. */
  public long numel() {
    long n = 1;
    for (int d : dims) {
      n = Math.multiplyExact(n, (long) d);
    }
    return n;
  }

  /** The sizes as a new array. */
  public int[] toArray() {
    return dims.stream().mapToInt(Integer::intValue).toArray();
  }

  /** This shape with one axis of another size. */
  public Shape with(int axis, int size) {
    List<Integer> d = new ArrayList<>(dims);
    d.set(axis(axis), size);
    return new Shape(d);
  }

  /** Axes {@code from} (inclusive) to {@code to} (exclusive). */
  public Shape sub(int from, int to) {
    return new Shape(dims.subList(from, to));
  }

  /** The axes of this shape, then those of {@code inner}. */
  public Shape plus(Shape inner) {
    List<Integer> d = new ArrayList<>(dims);
    d.addAll(inner.dims);
    return new Shape(d);
  }

  /**
   * The common shape of two operands by the rules of NumPy and torch: axes are aligned at the end
   * and a size of 1 stretches.
   *
   * @throws IllegalArgumentException if the shapes do not fit
   */
  public static Shape broadcast(Shape a, Shape b) {
    int rank = Math.max(a.rank(), b.rank());
    Integer[] d = new Integer[rank];
    for (int i = 1; i <= rank; i++) {
      int x = i <= a.rank() ? a.dim(-i) : 1;
      int y = i <= b.rank() ? b.dim(-i) : 1;
      if (x != y && x != 1 && y != 1) {
        throw new IllegalArgumentException("shapes " + a + " and " + b + " do not broadcast");
      }
      d[rank - i] = x == 1 ? y : x;
    }
    return new Shape(Arrays.asList(d));
  }

  @Override
  public String toString() {
    return dims.toString();
  }
}
