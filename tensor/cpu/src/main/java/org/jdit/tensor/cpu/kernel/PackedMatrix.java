package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import org.jdit.tensor.cpu.Workers;

/**
 * The right operand {@code [K, N]} of products, stored as the kernel reads it: blocks of {@link
 * Blocking#DEPTH} rows, in them panels of {@link MicroKernel#WIDTH} columns, in them rows. The last
 * panel is filled up with zeros.
 *
 * @param data the packed elements
 * @param rows number of rows, K
 * @param cols number of columns, N
 */
public record PackedMatrix(MemorySegment data, int rows, int cols) {
  /** Checks that the buffer is large enough. */
  public PackedMatrix {
    Bounds.check(data, 0, bytes(rows, cols) / Float.BYTES);
  }

  /** Bytes of a packed matrix of the given size. */
  public static long bytes(int rows, int cols) {
    return (long) rows * MicroKernel.panels(cols) * MicroKernel.WIDTH * Float.BYTES;
  }

  /**
   * Packs a matrix. Fast where one of its strides is 1: row-major, or the transpose of a {@code
   * [out, in]} weight.
   *
   * @param into at least {@link #bytes} bytes, 64-byte aligned
   */
  public static PackedMatrix pack(Workers workers, Matrix matrix, MemorySegment into) {
    throw new UnsupportedOperationException();
  }
}
