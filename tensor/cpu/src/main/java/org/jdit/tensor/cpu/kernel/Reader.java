package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jdit.tensor.DType;
import org.jdit.tensor.Elements;

/**
 * Reads a value in row-major order whatever its layout, converted to float. Kernels compute on the
 * chunks that it fills, so that each function is one loop over contiguous floats.
 */
final class Reader {
  private static final ValueLayout.OfShort BITS =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(Lanes.LITTLE);

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

  Reader(Operand from) {
    data = from.data();
    dtype = from.dtype();
    offset = from.layout().offset();
    axes = Axes.of(from.layout());
    inner = axes.dim(-1);
    step = axes.stride(0, -1);
    mid = axes.dim(-2);
    midStep = axes.stride(0, -2);
  }

  /** Copies elements {@code start} to {@code start + n - 1} to {@code to[at]} and on. */
  void read(long start, int n, float[] to, int at) {
    long row = start / inner;
    int column = (int) (start % inner);
    long block = row / mid;
    int m = (int) (row % mid);
    int done = 0;
    while (done < n) {
      long base = offset + axes.position(0, block++, 2);
      for (; m < mid && done < n; m++) {
        int run = Math.min(inner - column, n - done);
        readRun(base + m * midStep + column * step, run, to, at + done);
        done += run;
        column = 0;
      }
      m = 0;
    }
  }

  private void readRun(long from, int n, float[] to, int at) {
    if (dtype == DType.F16 && step == 1) {
      for (int i = 0; i < n; i++) {
        to[at + i] = Float.float16ToFloat(data.get(BITS, (from + i) * 2));
      }
    } else if (dtype == DType.BF16 && step == 1) {
      for (int i = 0; i < n; i++) {
        to[at + i] = Float.intBitsToFloat(data.get(BITS, (from + i) * 2) << 16);
      }
    } else if (dtype != DType.F32) {
      for (int i = 0; i < n; i++) {
        to[at + i] = (float) Elements.get(data, dtype, from + i * step);
      }
    } else if (step == 0) {
      Arrays.fill(to, at, at + n, data.get(Elements.F32, from * 4));
    } else if (step == 1 && n >= SHORT_RUN) {
      MemorySegment.copy(data, Elements.F32, from * 4, to, at, n);
    } else {
      for (int i = 0; i < n; i++) {
        to[at + i] = data.get(Elements.F32, (from + i * step) * 4);
      }
    }
  }

  /** Position of element {@code index} (row-major) in the buffer, in elements. */
  long position(long index) {
    return offset + axes.position(0, index / inner, 1) + index % inner * step;
  }
}
