package org.jdit.tensor.cpu;

import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jdit.tensor.cpu.kernel.Registers;
import org.jdit.tensor.cpu.kernel.Scratch;
import org.jdit.tensor.cpu.kernel.Workers;
import org.jdit.tensor.cpu.machine.MatrixUnit;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.spi.Precision;

/**
 * What all executables of a backend share. Its working memory serves one run at a time, so that
 * runs and compilations take turns.
 *
 * @param memory source of the memory of tensors and executables; working memory is apart from it
 * @param workers the threads
 * @param scratch working memory of the matrix kernels
 * @param registers working memory of the other kernels
 * @param turn held by who compiles, loads, reads or runs
 * @param profile what kernels take, if it was asked for
 */
record Engine(
    Memory memory,
    Workers workers,
    Scratch scratch,
    Registers registers,
    ReentrantLock turn,
    Optional<Profile> profile)
    implements AutoCloseable {
  /**
   * Starts the threads and allocates working memory.
   *
   * @param unit what products run on; none in float32
   */
  static Engine open(int threads, boolean profile, Precision precision, Optional<MatrixUnit> unit) {
    Workers workers = new Workers(threads);
    try {
      Scratch scratch = new Scratch(workers, new Memory(), precision, unit);
      return new Engine(
          new Memory(),
          workers,
          scratch,
          new Registers(threads, new Memory()),
          new ReentrantLock(),
          profile ? Optional.of(new Profile()) : Optional.empty());
    } catch (RuntimeException | Error e) {
      workers.close();
      throw e;
    }
  }

  /** Does something that no other thread may do at the same time. */
  <T> T inTurn(Supplier<T> work) {
    turn.lock();
    try {
      return work.get();
    } finally {
      turn.unlock();
    }
  }

  /** Frees memory, which kernels know by address: it must not go while they run. */
  void free(Runnable release) {
    turn.lock();
    try {
      release.run();
    } finally {
      turn.unlock();
    }
  }

  @Override
  public void close() {
    free(
        () -> {
          workers.close();
          scratch.close();
          registers.close();
        });
  }
}
