package org.jdit.tensor.cpu.kernel;

/** How work is cut into tasks: by its size alone, so that results do not depend on threads. */
final class Tasks {
  private Tasks() {}

  /** Number of tasks of {@code grain} units each. */
  static int of(long units, long grain) {
    return Math.toIntExact((units + grain - 1) / grain);
  }

  /** Rows of {@code width} elements that make one task worth its start. */
  static int rows(long width) {
    return (int) Math.max(1, 16_384 / Math.max(1, width));
  }
}
