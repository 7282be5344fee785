package org.jdit.tensor.cpu.machine;

import java.lang.foreign.Arena;
import java.util.Optional;

/** A loop over vectors of 16 floats in AVX-512 machine code, written by a {@link LoopWriter}. */
@FunctionalInterface
public interface VectorLoop {
  /** No array. */
  float[] NONE = {};

  /**
   * Runs the loop.
   *
   * @param addresses where its operands and results are, as its writer numbered them, and the steps
   *     of strided ones in bytes
   * @param array what its writer called {@link LoopWriter#ARRAY}, or any other
   * @param steps how many, few enough for some microseconds
   */
  void run(long[] addresses, float[] array, int steps);

  /** Runs a loop that takes no array. */
  default void run(long[] addresses, int steps) {
    run(addresses, NONE, steps);
  }

  /** Makes loops. */
  @FunctionalInterface
  interface Loader {
    /**
     * The loop that was written; empty if it needs more registers than there are, or the system has
     * no memory for it.
     *
     * @param arena how long it stays; it must not run after that
     */
    Optional<VectorLoop> load(LoopWriter loop, Arena arena);
  }
}
