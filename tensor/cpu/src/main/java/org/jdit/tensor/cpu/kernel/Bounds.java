package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/** Checks what goes to loops that work on bare addresses. */
final class Bounds {
  private Bounds() {}

  /**
   * Checks that {@code count} floats from element {@code first} on lie in an off-heap buffer.
   *
   * @throws IllegalArgumentException if the buffer is on the heap
   * @throws IndexOutOfBoundsException if they do not lie in it
   */
  static void check(MemorySegment data, long first, long count) {
    if (!data.isNative()) {
      throw new IllegalArgumentException("the kernels need off-heap memory");
    }
    Objects.checkFromIndexSize(first, count, data.byteSize() / Float.BYTES);
  }
}
