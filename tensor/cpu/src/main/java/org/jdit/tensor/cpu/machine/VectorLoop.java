package org.jdit.tensor.cpu.machine;

import java.util.Optional;
import org.jdit.tensor.JditException;

/** A loop over vectors of 16 floats in AVX-512 machine code, written by a {@link LoopWriter}. */
@FunctionalInterface
public interface VectorLoop {
  /**
   * Runs the loop.
   *
   * @param addresses where its operands and results begin, as its writer numbered them
   * @param vectors over how many vectors, at least one, and few enough for some microseconds
   */
  void run(long[] addresses, int vectors);

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
