package org.jdit.weights;

import java.lang.foreign.MemorySegment;
import org.jdit.tensor.Elements;
import org.jdit.tensor.Tensor;

/** Equality of tensors to the last bit. */
final class Bits {
  private Bits() {}

  /** Whether shape, type and every bit of the elements are equal. */
  static boolean equal(Tensor a, Tensor b) {
    return a.spec().equals(b.spec()) && dense(a).mismatch(dense(b)) < 0;
  }

  private static MemorySegment dense(Tensor t) {
    long bytes = t.spec().bytes();
    var c = t.concrete();
    if (c.layout().isContiguous()) {
      return bytes == 0
          ? MemorySegment.NULL
          : c.data().asSlice(c.layout().offset() * t.dtype().bytes(), bytes);
    }
    MemorySegment copy = MemorySegment.ofArray(new byte[Math.toIntExact(bytes)]);
    Elements.copy(t, copy, t.dtype());
    return copy;
  }
}
