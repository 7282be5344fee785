package org.jdit.tensor.cpu.machine;

/** The product of a panel of rows and a panel of columns in float32. */
@FunctionalInterface
public interface BlockKernel {
  /**
   * {@code tile = A · B}. Each element is one chain of fused multiply-adds in the order of the
   * terms, from zero on.
   *
   * @param height rows of the panel
   * @param a the rows, as {@code [depth][height]} from {@code aStart} on
   * @param b address of the columns, as {@code [depth][two vectors]}
   * @param tile the result, {@code [height][two vectors]}
   */
  void multiply(int height, float[] a, int aStart, long b, int depth, float[] tile);
}
