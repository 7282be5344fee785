package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import org.jdit.tensor.Strided;

/**
 * A float32 matrix in off-heap memory: element {@code (i, j)} is at {@code offset + i·rowStride +
 * j·colStride}, counted in elements.
 *
 * @param data the buffer
 * @param offset position of element (0, 0)
 * @param rows number of rows
 * @param cols number of columns
 * @param rowStride step from a row to the next
 * @param colStride step from a column to the next
 */
public record Matrix(
    MemorySegment data, long offset, int rows, int cols, long rowStride, long colStride) {
  /** Checks that all elements lie in the buffer. */
  public Matrix {
    if (rows < 0 || cols < 0) {
      throw new IllegalArgumentException("a matrix of " + rows + " x " + cols);
    }
    boolean empty = rows == 0 || cols == 0;
    Bounds.check(data, offset, empty ? 0 : (rows - 1) * rowStride + (cols - 1) * colStride + 1);
  }

  /** A row-major matrix without gaps. */
  public static Matrix of(MemorySegment data, int rows, int cols) {
    return new Matrix(data, 0, rows, cols, cols, 1);
  }

  /**
   * A tensor of rank 2.
   *
   * @throws IllegalArgumentException if the rank is not 2
   */
  public static Matrix of(Operand tensor) {
    Strided l = tensor.layout();
    if (l.shape().rank() != 2) {
      throw new IllegalArgumentException("not a matrix: " + l.shape());
    }
    return new Matrix(
        tensor.data(),
        l.offset(),
        l.shape().dim(0),
        l.shape().dim(1),
        l.strides().get(0),
        l.strides().get(1));
  }

  /** The same elements with rows and columns exchanged. */
  public Matrix transposed() {
    return new Matrix(data, offset, cols, rows, colStride, rowStride);
  }

  /** The matrix of the same form {@code elements} further on. */
  public Matrix shifted(long elements) {
    return new Matrix(data, offset + elements, rows, cols, rowStride, colStride);
  }

  /** Address of element (i, j). */
  long address(long i, long j) {
    return data.address() + (offset + i * rowStride + j * colStride) * Float.BYTES;
  }
}
