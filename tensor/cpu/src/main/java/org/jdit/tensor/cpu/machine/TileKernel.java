package org.jdit.tensor.cpu.machine;

/** What {@link MatrixUnit} runs on; see there what it computes. */
@FunctionalInterface
interface TileKernel {
  /** {@link MatrixUnit#multiply}, of arguments that are valid. */
  void multiply(long a, long b, float[] c, int steps, boolean accumulate);
}
