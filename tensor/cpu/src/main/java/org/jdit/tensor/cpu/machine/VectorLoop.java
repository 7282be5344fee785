package org.jdit.tensor.cpu.machine;

import java.util.Optional;
import org.jdit.tensor.JditException;

/** A loop over vectors of 16 floats in AVX-512 machine code, written by a {@link LoopWriter}. */
@FunctionalInterface
public interface VectorLoop {
  /** No array. */
  float[] NONE = {};

  /**
   * Runs the loop.
   *
   * @param addresses where its operands and results are, as its writer numbered them
   * @param array what its writer called {@link LoopWriter#ARRAY}, or any other
   * @param steps how many, at least one, and few enough for some microseconds
   */
  void run(long[] addresses, float[] array, int steps);

  /** Runs a loop that takes no array. */
  default void run(long[] addresses, int steps) {
    run(addresses, NONE, steps);
  }

  /** Makes loops. */
  @FunctionalInterface
  interface Loader {
    /** The loop that was written; empty if it needs more registers than there are. */
    Optional<VectorLoop> load(LoopWriter loop);
  }

  /**
   * Looks for what makes loops on this machine. The first time, this compares the results of one
   * with plain Java's.
   *
   * @throws JditException if {@value FmaKernel#PROPERTY} is set, but not to {@code off}
   */
  static Found<Loader> find() {
    return LoopCode.find();
  }
}
