package org.jdit.tensor.cpu.kernel;

/**
 * Float registers that all steps share: a few arrays for each worker, large enough for what any
 * step needs. Steps say what they need while they are built, so that running allocates none.
 */
public final class Registers {
  /** Elements of a chunk: three of them fit the first-level cache. */
  static final int CHUNK = 1024;

  private final float[][][] registers;
  private int count;
  private int length;

  /** Registers for a number of workers. */
  public Registers(int workers) {
    registers = new float[workers][0][0];
  }

  /**
   * Makes room for {@code count} registers of {@code length} elements for each worker, and for one
   * vector more, so that a loop over whole vectors stays inside.
   */
  void demand(int count, int length) {
    this.count = Math.max(this.count, count);
    this.length = Math.max(this.length, length + Lanes.COUNT);
    for (int w = 0; w < registers.length; w++) {
      if (registers[w].length < this.count || registers[w][0].length < this.length) {
        registers[w] = new float[this.count][this.length];
      }
    }
  }

  /** The registers of a worker. */
  float[][] of(int worker) {
    return registers[worker];
  }
}
