package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.F32;

import jdk.incubator.vector.FloatVector;

/** A panel of results, one in each lane of its vectors, becomes rows. */
final class Turn {
  private static final int WIDTH = MicroKernel.WIDTH;

  private Turn() {}

  /**
   * Transposes a panel.
   *
   * @param panel address of {@code [size][WIDTH]}, readable up to a whole number of vectors of rows
   * @param into the rows, from 0 on
   * @return elements from a row to the next, at least {@code size}
   */
  static int rows(long panel, int size, float[] into) {
    int row = Math.ceilDiv(size, COUNT) * COUNT;
    if (COUNT != Transpose.SIZE) {
      for (int i = 0; i < WIDTH; i++) {
        long at = panel + (long) i * Float.BYTES;
        for (int j = 0; j < size; j++) {
          into[i * row + j] = Lanes.MEMORY.get(Panel.FLOAT, at);
          at += 2L * Lanes.BYTES;
        }
      }
      return row;
    }
    for (int i = 0; i < WIDTH; i += COUNT) {
      for (int j = 0; j < size; j += COUNT) {
        long at = panel + ((long) j * WIDTH + i) * Float.BYTES;
        Transpose.blocks(COUNT, at, 2L * Lanes.BYTES, 1, into, i * row + j, row);
      }
    }
    return row;
  }

  /**
   * Stores the rows, each times a factor of its own, in a matrix.
   *
   * @param row elements from a row to the next
   * @param first where the first row goes
   */
  static void put(
      float[] from, int row, int rows, int size, float[] factors, Matrix to, int first) {
    long along = to.colStride() * Float.BYTES;
    boolean vectors = to.colStride() == 1 && size >= COUNT;
    for (int i = 0; i < rows; i++) {
      int at = i * row;
      long address = to.address(first + i, 0);
      if (vectors) {
        one(from, at, size, factors[i], address);
      } else {
        for (int j = 0; j < size; j++) {
          Lanes.MEMORY.set(Panel.FLOAT, address + j * along, from[at + j] * factors[i]);
        }
      }
    }
  }

  /** A row as vectors, of which the last may overlap the one before it. */
  private static void one(float[] from, int at, int size, float factor, long to) {
    for (int i = 0; i < size; i += COUNT) {
      int j = Math.min(i, size - COUNT);
      Lanes.store(
          FloatVector.fromArray(F32, from, at + j).mul(factor), to + (long) j * Float.BYTES);
    }
  }
}
