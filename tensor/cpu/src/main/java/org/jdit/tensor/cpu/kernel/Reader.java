package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.DType;
import org.jdit.tensor.Elements;

/**
 * Reads a value in row-major order whatever its layout, converted to float. Kernels compute on the
 * chunks that it fills, so that each function is one loop over contiguous floats.
 */
final class Reader {
  /** Runs shorter than this are cheaper to copy element by element. */
  private static final int SHORT_RUN = 16;

  private final MemorySegment data;
  private final DType dtype;
  private final long offset;
  private final Axes axes;
  private final int inner;
  private final long step;
  private final int mid;
  private final long midStep;
  private final boolean direct;

  Reader(Operand from) {
    data = from.data();
    dtype = from.dtype();
    offset = from.layout().offset();
    axes = Axes.of(from.layout());
    inner = axes.dim(-1);
    step = axes.stride(0, -1);
    mid = axes.dim(-2);
    midStep = axes.stride(0, -2);
    direct = dtype == DType.F32 && step == 1 && data.isNative();
  }

  /**
   * Where elements {@code start} to {@code start + n - 1} are: in their place, or in a register.
   *
   * @param register address to copy them to if need be
   */
  long chunk(long start, int n, long register) {
    long column = start % inner;
    if (direct && n % Lanes.COUNT == 0 && column + n <= inner) {
      return data.address() + (offset + axes.position(0, start / inner, 1) + column) * Float.BYTES;
    }
    read(start, n, register);
    return register;
  }

  /** Copies elements {@code start} to {@code start + n - 1} to an address. */
  void read(long start, int n, long to) {
    long row = start / inner;
    int column = (int) (start % inner);
    long block = row / mid;
    int m = (int) (row % mid);
    int done = 0;
    while (done < n) {
      long base = offset + axes.position(0, block++, 2);
      for (; m < mid && done < n; m++) {
        int run = Math.min(inner - column, n - done);
        readRun(base + m * midStep + column * step, run, to + (long) done * Float.BYTES);
        done += run;
        column = 0;
      }
      m = 0;
    }
  }

  private void readRun(long from, int n, long to) {
    boolean adjacent = step == 1 && data.isNative();
    if (adjacent && dtype == DType.F16) {
      Float16.widen(addressOfTwoBytes(from, n), n, to);
    } else if (adjacent && dtype == DType.BF16) {
      Bfloat16.widen(addressOfTwoBytes(from, n), n, to);
    } else if (dtype != DType.F32) {
      for (int i = 0; i < n; i++) {
        Lanes.set(to, i, (float) Elements.get(data, dtype, from + i * step));
      }
    } else if (step == 0 && n >= SHORT_RUN) {
      fill(data.get(Elements.F32, from * 4), n, to);
    } else if (step == 1 && n >= SHORT_RUN) {
      MemorySegment.copy(data, from * Float.BYTES, Lanes.MEMORY, to, (long) n * Float.BYTES);
    } else {
      for (int i = 0; i < n; i++) {
        Lanes.set(to, i, data.get(Elements.F32, (from + i * step) * 4));
      }
    }
  }

  private long addressOfTwoBytes(long from, int n) {
    Objects.checkFromIndexSize(from * Short.BYTES, (long) n * Short.BYTES, data.byteSize());
    return data.address() + from * Short.BYTES;
  }

  private static void fill(float x, int n, long to) {
    FloatVector all = FloatVector.broadcast(Lanes.F32, x);
    int whole = n - n % Lanes.COUNT;
    for (int i = 0; i < whole; i += Lanes.COUNT) {
      Lanes.store(all, to + (long) i * Float.BYTES);
    }
    for (int i = whole; i < n; i++) {
      Lanes.set(to, i, x);
    }
  }

  /** Position of element {@code index} (row-major) in the buffer, in elements. */
  long position(long index) {
    return offset + axes.position(0, index / inner, 1) + index % inner * step;
  }
}
