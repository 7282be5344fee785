package org.jdit.dit.demo;

import java.util.Random;

/**
 * Random choices, the same on every JVM: the algorithm of {@link Random} is part of its contract.
 */
record Dice(Random random) {
  static Dice of(long seed) {
    return new Dice(new Random(seed));
  }

  /** Uniform in {@code [low, high)}. */
  double between(double low, double high) {
    return low + (high - low) * random.nextDouble();
  }

  /** Uniform in {@code low..high}, both included. */
  int count(int low, int high) {
    return low + random.nextInt(high - low + 1);
  }

  boolean chance(double probability) {
    return random.nextDouble() < probability;
  }
}
