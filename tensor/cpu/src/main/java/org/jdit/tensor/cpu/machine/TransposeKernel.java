package org.jdit.tensor.cpu.machine;

/** Turns rows of floats into columns, sixteen at a time. */
@FunctionalInterface
public interface TransposeKernel {
  /**
   * Sixteen times {@code blocks} columns of a few rows become as many rows.
   *
   * @param rows how many, 12 or 16
   * @param from address of the first row
   * @param row bytes from a row to the next
   * @param blocks at least one
   * @param into where the new rows go
   * @param to where in {@code into} the first of them begins
   * @param width elements from a new row to the next, at least {@code rows}; if they are more, 16
   *     of each but the last of each block may be overwritten
   * @throws IndexOutOfBoundsException if the new rows do not fit into the array
   */
  void transpose(int rows, long from, long row, int blocks, float[] into, int to, int width);
}
