package org.jdit.dit.cli;

import java.util.concurrent.CountDownLatch;

/**
 * Ctrl-C and its like while something runs that wants to end in order: the process is asked to end,
 * and waits until that is done.
 */
final class Interruption implements AutoCloseable {
  private final CountDownLatch done = new CountDownLatch(1);
  private final Thread hook = new Thread(this::await, "jdit-interruption");
  private volatile boolean requested;

  private Interruption() {}

  /** Begins to listen. */
  static Interruption listen() {
    Interruption i = new Interruption();
    Runtime.getRuntime().addShutdownHook(i.hook);
    return i;
  }

  /** Whether the process has been asked to end. */
  boolean requested() {
    return requested;
  }

  private void await() {
    requested = true;
    try {
      done.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Lets the process end. */
  @Override
  public void close() {
    done.countDown();
    if (!requested) {
      Runtime.getRuntime().removeShutdownHook(hook);
    }
  }
}
