package org.jdit.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a tensor's elements lie in its buffer: element {@code (i, j, …)} is at {@code offset +
 * i·strides[0] + j·strides[1] + …}. Offset and strides count elements; a stride of 0 repeats.
 *
 * @param shape sizes of the axes
 * @param offset position of the first element
 * @param strides one step for each axis
 */
public record Strided(Shape shape, long offset, List<Long> strides) {
  /** Checks that there is a stride for each axis. */
  public Strided {
    strides = List.copyOf(strides);
    if (strides.size() != shape.rank()) {
      throw new IllegalArgumentException(
          strides.size() + " strides for a tensor of shape " + shape);
    }
  }

  /** Row-major without gaps, from the start of the buffer. */
  public static Strided contiguous(Shape shape) {
    Long[] s = new Long[shape.rank()];
    long step = 1;
    for (int i = s.length - 1; i >= 0; i--) {
      s[i] = step;
      step *= shape.dim(i);
    }
    return new Strided(shape, 0, List.of(s));
  }

  /** Whether the elements lie row-major without gaps (from any offset). */
  public boolean isContiguous() {
    long step = 1;
    for (int i = shape.rank() - 1; i >= 0; i--) {
      if (shape.dim(i) != 1 && strides.get(i) != step) {
        return shape.numel() == 0;
      }
      step *= shape.dim(i);
    }
    return true;
  }

  /** One past the last position that is touched, in elements; 0 for an empty tensor. */
  public long end() {
    if (shape.numel() == 0) {
      return 0;
    }
    long last = offset;
    for (int i = 0; i < shape.rank(); i++) {
      last = Math.addExact(last, Math.multiplyExact(shape.dim(i) - 1L, strides.get(i)));
    }
    return Math.addExact(last, 1L);
  }

  /** Axes in another order: axis {@code i} of the result is axis {@code axes[i]} of this. */
  public Strided permute(List<Integer> axes) {
    return new Strided(
        new Shape(axes.stream().map(shape::dim).toList()),
        offset,
        axes.stream().map(strides::get).toList());
  }

  /** {@code length} indices of one axis, from {@code start}. */
  public Strided slice(int axis, int start, int length) {
    return new Strided(shape.with(axis, length), offset + start * strides.get(axis), strides);
  }

  /** Stretched to {@code to} by the rules of {@link Shape#broadcast}, without a copy. */
  public Strided expand(Shape to) {
    int extra = to.rank() - shape.rank();
    List<Long> s = new ArrayList<>();
    for (int i = 0; i < to.rank(); i++) {
      boolean stretched = i < extra || (shape.dim(i - extra) == 1 && to.dim(i) != 1);
      s.add(stretched ? 0L : strides.get(i - extra));
    }
    return new Strided(to, offset, s);
  }

  /** The same elements in row-major order under another shape, or empty if that needs a copy. */
  public Optional<Strided> reshape(Shape to) {
    if (shape.numel() == 0 || to.numel() == 0) {
      return Optional.of(new Strided(to, offset, contiguous(to).strides()));
    }
    Long[] s = new Long[to.rank()];
    int from = 0;
    int axis = 0;
    while (axis < to.rank()) {
      if (to.dim(axis) == 1) {
        s[axis++] = 0L;
        continue;
      }
      while (from < shape.rank() && shape.dim(from) == 1) {
        from++;
      }
      // The smallest runs of axes on both sides with the same number of elements.
      int fromEnd = from;
      int axisEnd = axis;
      long have = shape.dim(fromEnd++);
      long want = to.dim(axisEnd++);
      while (have != want) {
        if (have < want) {
          have *= shape.dim(fromEnd++);
        } else {
          want *= to.dim(axisEnd++);
        }
      }
      long step = -1;
      for (int i = fromEnd - 1; i >= from; i--) {
        if (shape.dim(i) == 1) {
          continue;
        }
        if (step >= 0 && strides.get(i) != step) {
          return Optional.empty();
        }
        step = (step < 0 ? strides.get(i) : step) * shape.dim(i);
      }
      long inner = innermostStride(from, fromEnd);
      for (int i = axisEnd - 1; i >= axis; i--) {
        s[i] = inner;
        inner *= to.dim(i);
      }
      from = fromEnd;
      axis = axisEnd;
    }
    return Optional.of(new Strided(to, offset, List.of(s)));
  }

  private long innermostStride(int from, int to) {
    for (int i = to - 1; i >= from; i--) {
      if (shape.dim(i) != 1) {
        return strides.get(i);
      }
    }
    return 1;
  }
}
