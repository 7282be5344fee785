package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import org.jdit.tensor.op.Linear.Activation;

/** What is done to each element of a matrix product when its sum is complete. */
public sealed interface Epilogue {
  /** Nothing. */
  Epilogue NONE = new None();

  /** Nothing. */
  record None() implements Epilogue {}

  /**
   * {@code activation(x + bias[column])}.
   *
   * @param bias float32 buffer, off-heap
   * @param offset position of {@code bias[0]}, in elements
   * @param activation applied to the sum
   */
  record Affine(MemorySegment bias, long offset, Activation activation) implements Epilogue {}
}
