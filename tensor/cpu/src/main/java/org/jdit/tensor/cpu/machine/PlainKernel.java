package org.jdit.tensor.cpu.machine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The kernel of a kind of unit in plain Java, slow, to measure another one by. It adds up as the
 * Intel Software Developer's Manual says of TDPBF16PS: for each step, even and odd terms are two
 * chains of fused multiply-adds, which are added to each other and then to the element. Or as it
 * says of VDPBF16PS: one such chain, of each pair the odd term first, from the element on. Numbers
 * below the smallest normal one count as zero.
 *
 * @param kind whose order of adding
 */
record PlainKernel(MatrixUnit.Kind kind) implements TileKernel {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int SIDE = MatrixUnit.SIDE;
  private static final int PAIRS = MatrixUnit.STEP / 2;

  @Override
  public void multiply(long a, long b, float[] c, int steps, boolean accumulate) {
    float[] left = widen(a, steps);
    float[] right = widen(b, steps);
    for (int i = 0; i < SIDE; i++) {
      for (int j = 0; j < SIDE; j++) {
        float sum = accumulate ? c[i * SIDE + j] : 0;
        for (int step = 0; step < steps; step++) {
          int row = (step * SIDE + i) * MatrixUnit.STEP;
          int column = (step * PAIRS * SIDE + j) * 2;
          sum =
              switch (kind) {
                case AMX -> flush(flush(sum) + twoChains(left, row, right, column));
                case AVX512 -> chain(flush(sum), left, row, right, column);
              };
        }
        c[i * SIDE + j] = sum;
      }
    }
  }

  /** The terms of one step. */
  private static float twoChains(float[] left, int row, float[] right, int column) {
    float even = 0;
    float odd = 0;
    for (int p = 0; p < PAIRS; p++) {
      int l = row + 2 * p;
      int r = column + 2 * SIDE * p;
      even = flush(Math.fma(left[l], right[r], even));
      odd = flush(Math.fma(left[l + 1], right[r + 1], odd));
    }
    return flush(even + odd);
  }

  private static float chain(float before, float[] left, int row, float[] right, int column) {
    float sum = before;
    for (int p = 0; p < PAIRS; p++) {
      int l = row + 2 * p;
      int r = column + 2 * SIDE * p;
      sum = flush(Math.fma(left[l + 1], right[r + 1], sum));
      sum = flush(Math.fma(left[l], right[r], sum));
    }
    return sum;
  }

  @SuppressWarnings("restricted")
  private static float[] widen(long address, int steps) {
    MemorySegment panel = MemorySegment.ofAddress(address).reinterpret(MatrixUnit.bytes(steps));
    float[] wide = new float[steps * SIDE * MatrixUnit.STEP];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = flush(Float.intBitsToFloat(panel.getAtIndex(SHORT, i) << 16));
    }
    return wide;
  }

  private static float flush(float x) {
    return Math.abs(x) < Float.MIN_NORMAL ? Math.copySign(0, x) : x;
  }
}
