package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.F32;
import static org.jdit.tensor.cpu.kernel.Lanes.load;

import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.cpu.machine.TransposeCode;
import org.jdit.tensor.cpu.machine.TransposeKernel;

/**
 * Blocks of 16 by 16 floats, transposed in registers, in machine code if there is some. Else
 * vectors exchange halves, quarters, pairs and neighbours in turn. Written out, because C2 keeps a
 * variable in a register but not an element of an array. For vectors of 16 lanes only.
 */
final class Transpose {
  /** Rows and columns of a block. */
  static final int SIZE = 16;

  private static final FloatVector LOW1 = exchange(1, false);
  private static final FloatVector HIGH1 = exchange(1, true);
  private static final FloatVector LOW2 = exchange(2, false);
  private static final FloatVector HIGH2 = exchange(2, true);
  private static final FloatVector LOW4 = exchange(4, false);
  private static final FloatVector HIGH4 = exchange(4, true);
  private static final FloatVector LOW8 = exchange(8, false);
  private static final FloatVector HIGH8 = exchange(8, true);

  private static final TransposeKernel KERNEL =
      TransposeCode.find().toOptional().orElse(Transpose::vectors);

  private Transpose() {}

  /** Which lanes of two vectors, the second's from 16 on, are one of the pair after an exchange. */
  private static FloatVector exchange(int size, boolean high) {
    float[] lanes = new float[SIZE];
    for (int i = 0; i < SIZE; i++) {
      boolean second = i / size % 2 == 1;
      lanes[i] = second ? SIZE + (high ? i : i - size) : high ? i + size : i;
    }
    return FloatVector.fromArray(F32, lanes, 0);
  }

  /** {@link TransposeKernel#transpose}. */
  static void blocks(int rows, long from, long row, int blocks, float[] into, int to, int width) {
    if (blocks > 0) {
      KERNEL.transpose(rows, from, row, blocks, into, to, width);
    }
  }

  private static void vectors(
      int rows, long from, long row, int blocks, float[] into, int to, int width) {
    for (int i = 0; i < blocks; i++) {
      block(from + (long) i * Lanes.BYTES, row, rows, into, to + i * SIZE * width, width);
    }
  }

  /**
   * One block. A store of fewer than 16 elements is wider than them, but the next one puts right
   * what it spoils and the last one is cut.
   */
  private static void block(long from, long row, int rows, float[] into, int to, int width) {
    long rest = rows == SIZE ? from + 12 * row : from;
    FloatVector a0 = load(from);
    FloatVector a1 = load(from + row);
    FloatVector a2 = load(from + 2 * row);
    FloatVector a3 = load(from + 3 * row);
    FloatVector a4 = load(from + 4 * row);
    FloatVector a5 = load(from + 5 * row);
    FloatVector a6 = load(from + 6 * row);
    FloatVector a7 = load(from + 7 * row);
    FloatVector a8 = load(from + 8 * row);
    FloatVector a9 = load(from + 9 * row);
    FloatVector a10 = load(from + 10 * row);
    FloatVector a11 = load(from + 11 * row);
    FloatVector a12 = load(rest);
    FloatVector a13 = load(rest + row);
    FloatVector a14 = load(rest + 2 * row);
    FloatVector a15 = load(rest + 3 * row);

    FloatVector b0 = LOW1.selectFrom(a0, a1);
    FloatVector b1 = HIGH1.selectFrom(a0, a1);
    FloatVector b2 = LOW1.selectFrom(a2, a3);
    FloatVector b3 = HIGH1.selectFrom(a2, a3);
    FloatVector b4 = LOW1.selectFrom(a4, a5);
    FloatVector b5 = HIGH1.selectFrom(a4, a5);
    FloatVector b6 = LOW1.selectFrom(a6, a7);
    FloatVector b7 = HIGH1.selectFrom(a6, a7);
    FloatVector b8 = LOW1.selectFrom(a8, a9);
    FloatVector b9 = HIGH1.selectFrom(a8, a9);
    FloatVector b10 = LOW1.selectFrom(a10, a11);
    FloatVector b11 = HIGH1.selectFrom(a10, a11);
    FloatVector b12 = LOW1.selectFrom(a12, a13);
    FloatVector b13 = HIGH1.selectFrom(a12, a13);
    FloatVector b14 = LOW1.selectFrom(a14, a15);
    FloatVector b15 = HIGH1.selectFrom(a14, a15);

    a0 = LOW2.selectFrom(b0, b2);
    a1 = LOW2.selectFrom(b1, b3);
    a2 = HIGH2.selectFrom(b0, b2);
    a3 = HIGH2.selectFrom(b1, b3);
    a4 = LOW2.selectFrom(b4, b6);
    a5 = LOW2.selectFrom(b5, b7);
    a6 = HIGH2.selectFrom(b4, b6);
    a7 = HIGH2.selectFrom(b5, b7);
    a8 = LOW2.selectFrom(b8, b10);
    a9 = LOW2.selectFrom(b9, b11);
    a10 = HIGH2.selectFrom(b8, b10);
    a11 = HIGH2.selectFrom(b9, b11);
    a12 = LOW2.selectFrom(b12, b14);
    a13 = LOW2.selectFrom(b13, b15);
    a14 = HIGH2.selectFrom(b12, b14);
    a15 = HIGH2.selectFrom(b13, b15);

    b0 = LOW4.selectFrom(a0, a4);
    b1 = LOW4.selectFrom(a1, a5);
    b2 = LOW4.selectFrom(a2, a6);
    b3 = LOW4.selectFrom(a3, a7);
    b4 = HIGH4.selectFrom(a0, a4);
    b5 = HIGH4.selectFrom(a1, a5);
    b6 = HIGH4.selectFrom(a2, a6);
    b7 = HIGH4.selectFrom(a3, a7);
    b8 = LOW4.selectFrom(a8, a12);
    b9 = LOW4.selectFrom(a9, a13);
    b10 = LOW4.selectFrom(a10, a14);
    b11 = LOW4.selectFrom(a11, a15);
    b12 = HIGH4.selectFrom(a8, a12);
    b13 = HIGH4.selectFrom(a9, a13);
    b14 = HIGH4.selectFrom(a10, a14);
    b15 = HIGH4.selectFrom(a11, a15);

    // In this order, see above.
    LOW8.selectFrom(b0, b8).intoArray(into, to);
    LOW8.selectFrom(b1, b9).intoArray(into, to + width);
    LOW8.selectFrom(b2, b10).intoArray(into, to + 2 * width);
    LOW8.selectFrom(b3, b11).intoArray(into, to + 3 * width);
    LOW8.selectFrom(b4, b12).intoArray(into, to + 4 * width);
    LOW8.selectFrom(b5, b13).intoArray(into, to + 5 * width);
    LOW8.selectFrom(b6, b14).intoArray(into, to + 6 * width);
    LOW8.selectFrom(b7, b15).intoArray(into, to + 7 * width);
    HIGH8.selectFrom(b0, b8).intoArray(into, to + 8 * width);
    HIGH8.selectFrom(b1, b9).intoArray(into, to + 9 * width);
    HIGH8.selectFrom(b2, b10).intoArray(into, to + 10 * width);
    HIGH8.selectFrom(b3, b11).intoArray(into, to + 11 * width);
    HIGH8.selectFrom(b4, b12).intoArray(into, to + 12 * width);
    HIGH8.selectFrom(b5, b13).intoArray(into, to + 13 * width);
    HIGH8.selectFrom(b6, b14).intoArray(into, to + 14 * width);
    HIGH8.selectFrom(b7, b15).intoArray(into, to + 15 * width, F32.indexInRange(0, rows));
  }
}
