package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import org.jdit.tensor.DType;
import org.jdit.tensor.Elements;

/** Writes floats to a contiguous value, converted to its element type. */
final class Writer {
  private final MemorySegment data;
  private final DType dtype;
  private final long offset;

  Writer(Operand to) {
    if (!to.layout().isContiguous()) {
      throw new IllegalArgumentException("results are written row-major, not as " + to.layout());
    }
    data = to.data();
    dtype = to.dtype();
    offset = to.layout().offset();
  }

  /** Writes {@code from[at]} and on to elements {@code start} to {@code start + n - 1}. */
  void write(long start, int n, float[] from, int at) {
    if (dtype == DType.F32) {
      MemorySegment.copy(from, at, data, Elements.F32, (offset + start) * 4, n);
    } else {
      for (int i = 0; i < n; i++) {
        Elements.set(data, dtype, offset + start + i, from[at + i]);
      }
    }
  }

  /** Writes one element. */
  void writeDouble(long index, double x) {
    Elements.set(data, dtype, offset + index, x);
  }
}
