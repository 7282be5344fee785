package org.jdit.tensor.cpu.kernel;

/** How products are cut up for the caches. */
final class Blocking {
  /** Terms of a sum that are added up in registers before they go to memory. */
  static final int DEPTH = 1152;

  private Blocking() {}
}
