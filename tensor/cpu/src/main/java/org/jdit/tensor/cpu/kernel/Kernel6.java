package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.BYTES;
import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.F32;
import static org.jdit.tensor.cpu.kernel.Lanes.load;

import jdk.incubator.vector.FloatVector;

/**
 * The block of 6 rows: 12 sums and 3 factors in the 16 registers of AVX2. Written out, because C2
 * keeps a variable in a register but not an element of an array.
 */
final class Kernel6 {
  private Kernel6() {}

  /** See {@link MicroKernel#multiply}. */
  static void multiply(float[] a, int aStart, long b, int depth, float[] tile) {
    FloatVector x0 = FloatVector.zero(F32);
    FloatVector y0 = FloatVector.zero(F32);
    FloatVector x1 = FloatVector.zero(F32);
    FloatVector y1 = FloatVector.zero(F32);
    FloatVector x2 = FloatVector.zero(F32);
    FloatVector y2 = FloatVector.zero(F32);
    FloatVector x3 = FloatVector.zero(F32);
    FloatVector y3 = FloatVector.zero(F32);
    FloatVector x4 = FloatVector.zero(F32);
    FloatVector y4 = FloatVector.zero(F32);
    FloatVector x5 = FloatVector.zero(F32);
    FloatVector y5 = FloatVector.zero(F32);
    int row = aStart;
    long right = b;
    for (int k = 0; k < depth; k++) {
      FloatVector bx = load(right);
      FloatVector by = load(right + BYTES);
      FloatVector s = FloatVector.broadcast(F32, a[row]);
      x0 = s.fma(bx, x0);
      y0 = s.fma(by, y0);
      s = FloatVector.broadcast(F32, a[row + 1]);
      x1 = s.fma(bx, x1);
      y1 = s.fma(by, y1);
      s = FloatVector.broadcast(F32, a[row + 2]);
      x2 = s.fma(bx, x2);
      y2 = s.fma(by, y2);
      s = FloatVector.broadcast(F32, a[row + 3]);
      x3 = s.fma(bx, x3);
      y3 = s.fma(by, y3);
      s = FloatVector.broadcast(F32, a[row + 4]);
      x4 = s.fma(bx, x4);
      y4 = s.fma(by, y4);
      s = FloatVector.broadcast(F32, a[row + 5]);
      x5 = s.fma(bx, x5);
      y5 = s.fma(by, y5);
      row += 6;
      right += 2L * BYTES;
    }
    x0.intoArray(tile, 0);
    y0.intoArray(tile, COUNT);
    x1.intoArray(tile, 2 * COUNT);
    y1.intoArray(tile, 3 * COUNT);
    x2.intoArray(tile, 4 * COUNT);
    y2.intoArray(tile, 5 * COUNT);
    x3.intoArray(tile, 6 * COUNT);
    y3.intoArray(tile, 7 * COUNT);
    x4.intoArray(tile, 8 * COUNT);
    y4.intoArray(tile, 9 * COUNT);
    x5.intoArray(tile, 10 * COUNT);
    y5.intoArray(tile, 11 * COUNT);
  }
}
