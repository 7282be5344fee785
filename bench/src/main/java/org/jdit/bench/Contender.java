package org.jdit.bench;

import java.util.List;

/** Something that runs a workload again and again. */
@FunctionalInterface
public interface Contender extends AutoCloseable {
  /** Runs so many times and says how many seconds each took. */
  List<Double> seconds(int runs);

  /** Returns when its threads use no processor, for the turn of another. */
  default void rest() {}

  @Override
  default void close() {}
}
