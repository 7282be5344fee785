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

  /**
   * Where elements {@code start} to {@code start + n - 1} can be computed by loops over whole
   * vectors: in their place, or in a register, from which {@link #write} takes them.
   */
  long place(long start, int n, long register) {
    boolean direct = dtype == DType.F32 && n % Lanes.COUNT == 0 && data.isNative();
    return direct ? address(start) : register;
  }

  /**
   * Writes the floats from an address on to elements {@code start} to {@code start + n - 1}, unless
   * that is where they are.
   */
  void write(long start, int n, long from) {
    if (dtype != DType.F32) {
      for (int i = 0; i < n; i++) {
        Elements.set(data, dtype, offset + start + i, Lanes.get(from, i));
      }
    } else if (!data.isNative() || from != address(start)) {
      long bytes = (long) n * Float.BYTES;
      MemorySegment.copy(Lanes.MEMORY, from, data, (offset + start) * Float.BYTES, bytes);
    }
  }

  private long address(long index) {
    return data.address() + (offset + index) * Float.BYTES;
  }

  /** Writes one element. */
  void writeDouble(long index, double x) {
    Elements.set(data, dtype, offset + index, x);
  }
}
