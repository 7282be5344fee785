package org.jdit.tensor.testkit;

import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Where an operand's random elements come from. */
@FunctionalInterface
public interface Draw {
  /** Draws {@code n} elements. */
  double[] draw(int n, Random random);

  /** Uniform between two bounds. */
  static Draw uniform(double from, double to) {
    return (n, r) -> r.doubles(n, from, to).toArray();
  }

  /** Integers of {@code from..to}, both included. */
  static Draw integers(int from, int to) {
    return (n, r) -> r.ints(n, from, to + 1).asDoubleStream().toArray();
  }

  /**
   * Odd multiples of 0.025, each once, in random order: all different and none of them 0, so that
   * {@code max}, {@code abs} and {@code clamp} are smooth within 0.02 of every element.
   *
   * @param offset added to all; operands with different offsets have no common element
   */
  static Draw distinct(double offset) {
    return (n, r) -> {
      List<Integer> order = IntStream.range(0, n).boxed().collect(Collectors.toList());
      Collections.shuffle(order, r);
      return order.stream().mapToDouble(i -> (i - n / 2 + 0.5) * 0.05 + offset).toArray();
    };
  }

  /** The given numbers over and over, so that each meets every lane of a vector. */
  static Draw cycle(double... values) {
    return (n, _) -> IntStream.range(0, n).mapToDouble(i -> values[i % values.length]).toArray();
  }
}
