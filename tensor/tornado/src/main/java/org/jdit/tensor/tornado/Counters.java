package org.jdit.tensor.tornado;

import java.util.concurrent.atomic.AtomicLong;

/** How many tasks ran on the device; those that ran elsewhere are none, as they are refused. */
public final class Counters {
  private final AtomicLong tasks = new AtomicLong();

  Counters() {}

  void ran(int count) {
    tasks.addAndGet(count);
  }

  /** Tasks that the device has run. */
  public long tasks() {
    return tasks.get();
  }
}
