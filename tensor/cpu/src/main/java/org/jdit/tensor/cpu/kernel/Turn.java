package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;

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
   * Stores the rows in a matrix.
   *
   * @param row elements from a row to the next
   * @param first where the first row goes
   */
  static void put(float[] from, int row, int rows, int size, Matrix to, int first) {
    if (to.colStride() == 1 && size >= COUNT) {
      // The last vectors may overlap those before them.
      for (int j = 0; j < size; j += COUNT) {
        int column = Math.min(j, size - COUNT);
        long step = to.rowStride() * Float.BYTES;
        StridedVectors.store(from, column, row, rows, to.address(first, column), step);
      }
      return;
    }
    long along = to.colStride() * Float.BYTES;
    for (int i = 0; i < rows; i++) {
      long address = to.address(first + i, 0);
      for (int j = 0; j < size; j++) {
        Lanes.MEMORY.set(Panel.FLOAT, address + j * along, from[i * row + j]);
      }
    }
  }
}
