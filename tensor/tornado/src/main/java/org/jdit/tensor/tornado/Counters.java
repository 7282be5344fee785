package org.jdit.tensor.tornado;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How many tasks ran on the device, and how many plans there were; tasks that ran elsewhere are
 * none, as they are refused.
 */
public final class Counters {
  private final AtomicLong tasks = new AtomicLong();
  private final AtomicLong plans = new AtomicLong();

  Counters() {}

  /** The number of a new plan, so that plans' tasks can be told apart. */
  long planned() {
    return plans.incrementAndGet();
  }

  void ran(int count) {
    tasks.addAndGet(count);
  }

  /** Tasks that the device has run. */
  public long tasks() {
    return tasks.get();
  }
}
