package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.BYTES;
import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.F32;
import static org.jdit.tensor.cpu.kernel.Lanes.load;

import jdk.incubator.vector.FloatVector;

/**
 * The block of 12 rows: 24 sums and 3 factors in the 32 registers of AVX-512. Written out, because
 * C2 keeps a variable in a register but not an element of an array.
 */
final class Kernel12 {
  private Kernel12() {}

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
    FloatVector x6 = FloatVector.zero(F32);
    FloatVector y6 = FloatVector.zero(F32);
    FloatVector x7 = FloatVector.zero(F32);
    FloatVector y7 = FloatVector.zero(F32);
    FloatVector x8 = FloatVector.zero(F32);
    FloatVector y8 = FloatVector.zero(F32);
    FloatVector x9 = FloatVector.zero(F32);
    FloatVector y9 = FloatVector.zero(F32);
    FloatVector x10 = FloatVector.zero(F32);
    FloatVector y10 = FloatVector.zero(F32);
    FloatVector x11 = FloatVector.zero(F32);
    FloatVector y11 = FloatVector.zero(F32);
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
      s = FloatVector.broadcast(F32, a[row + 6]);
      x6 = s.fma(bx, x6);
      y6 = s.fma(by, y6);
      s = FloatVector.broadcast(F32, a[row + 7]);
      x7 = s.fma(bx, x7);
      y7 = s.fma(by, y7);
      s = FloatVector.broadcast(F32, a[row + 8]);
      x8 = s.fma(bx, x8);
      y8 = s.fma(by, y8);
      s = FloatVector.broadcast(F32, a[row + 9]);
      x9 = s.fma(bx, x9);
      y9 = s.fma(by, y9);
      s = FloatVector.broadcast(F32, a[row + 10]);
      x10 = s.fma(bx, x10);
      y10 = s.fma(by, y10);
      s = FloatVector.broadcast(F32, a[row + 11]);
      x11 = s.fma(bx, x11);
      y11 = s.fma(by, y11);
      row += 12;
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
    x6.intoArray(tile, 12 * COUNT);
    y6.intoArray(tile, 13 * COUNT);
    x7.intoArray(tile, 14 * COUNT);
    y7.intoArray(tile, 15 * COUNT);
    x8.intoArray(tile, 16 * COUNT);
    y8.intoArray(tile, 17 * COUNT);
    x9.intoArray(tile, 18 * COUNT);
    y9.intoArray(tile, 19 * COUNT);
    x10.intoArray(tile, 20 * COUNT);
    y10.intoArray(tile, 21 * COUNT);
    x11.intoArray(tile, 22 * COUNT);
    y11.intoArray(tile, 23 * COUNT);
  }
}
