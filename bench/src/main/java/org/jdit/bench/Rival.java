package org.jdit.bench;

/** Another library that computes the same workloads. */
public interface Rival {
  /** What its figures begin with, such as {@code torch}. */
  String name();

  /** What people call it, such as {@code PyTorch}. */
  String label();

  /** Which one it is, in a few words. */
  String version();

  /**
   * Makes it ready for a workload, which takes the place of the one before.
   *
   * @param threads how many to compute with, at least 1
   * @throws org.jdit.tensor.JditException if it would not do the same work
   */
  Contender load(Workload workload, int threads);
}
