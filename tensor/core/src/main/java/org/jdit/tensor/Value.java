package org.jdit.tensor;

import java.lang.foreign.MemorySegment;

/** What stands behind a tensor handle. */
public sealed interface Value {
  /**
   * Numbers in memory, little-endian.
   *
   * @param data the buffer
   * @param layout where the elements lie in it
   */
  record Concrete(MemorySegment data, Strided layout) implements Value {}

  /**
   * A value of a Program that is being traced; it has no numbers.
   *
   * @param id its number in the Program
   */
  record Symbolic(int id) implements Value {}
}
