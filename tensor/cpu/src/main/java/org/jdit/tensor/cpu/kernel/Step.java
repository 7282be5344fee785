package org.jdit.tensor.cpu.kernel;

/** One kernel with its operands bound; running it allocates no off-heap memory. */
@FunctionalInterface
public interface Step {
  /** Computes the results from what the operands hold now. */
  void run();
}
