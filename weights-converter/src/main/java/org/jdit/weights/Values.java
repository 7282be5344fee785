package org.jdit.weights;

import java.lang.foreign.MemorySegment;
import org.jdit.tensor.DType;
import org.jdit.tensor.Elements;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;

/** Looks at the elements of concrete tensors. */
final class Values {
  // Halfway to the first power of two that float16 lacks; this and more rounds to infinity.
  private static final double F16_OVERFLOW = 65520;

  private Values() {}

  /**
   * The tensor itself if its elements lie row-major without gaps, else such a copy in its scope.
   */
  static Tensor rowMajor(Tensor t) {
    return t.concrete().layout().isContiguous() ? t : ((TensorScope) t.interpreter()).keep(t);
  }

  /** Element {@code i} of a tensor that is {@link #rowMajor}. */
  static double at(Tensor t, long i) {
    return Elements.get(t.concrete().data(), t.dtype(), t.concrete().layout().offset() + i);
  }

  /** Element {@code i} of a tensor of integers that is {@link #rowMajor}, exactly. */
  static long integerAt(Tensor t, long i) {
    return Elements.getLong(t.concrete().data(), t.dtype(), t.concrete().layout().offset() + i);
  }

  /** Whether shape, type and every bit of the elements are equal. */
  static boolean sameBits(Tensor a, Tensor b) {
    return a.spec().equals(b.spec()) && bytes(rowMajor(a)).mismatch(bytes(rowMajor(b))) < 0;
  }

  private static MemorySegment bytes(Tensor t) {
    long from = t.concrete().layout().offset() * t.dtype().bytes();
    return t.shape().numel() == 0
        ? MemorySegment.NULL
        : t.concrete().data().asSlice(from, t.spec().bytes());
  }

  /** Whether all values are finite numbers, and stay so when rounded to {@code dtype}. */
  static boolean finite(Tensor t, DType dtype) {
    if (!t.dtype().isFloating()) {
      return true;
    }
    Tensor dense = rowMajor(t);
    double limit = dtype == DType.F16 ? F16_OVERFLOW : Double.POSITIVE_INFINITY;
    for (long i = 0; i < t.shape().numel(); i++) {
      // NaN fails this too.
      if (!(Math.abs(at(dense, i)) < limit)) {
        return false;
      }
    }
    return true;
  }
}
