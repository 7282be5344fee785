package org.jdit.dit.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Whether pictures are as far from the drawings of a set as drawings that are not in it. A copy is
 * much nearer to one drawing than such new drawings are, and much nearer than to any other drawing.
 *
 * @param pictures of what is judged
 * @param control of new drawings, about as many
 */
record Originality(List<Neighbours> pictures, List<Neighbours> control) {
  /** A copy has less than this part of the score that one new drawing in a hundred has. */
  static final double LEAST = 0.5;

  /** Least part of the control's distance, and of its ratio, at each of {@link #QUANTILES}. */
  static final double LEAST_QUANTILE = 0.8;

  private static final double NEAREST = 0.01;
  private static final double[] QUANTILES = {0.05, 0.25, 0.5};

  /** Small if one drawing is near and no other is. */
  private static double score(Neighbours found) {
    return found.distance() * found.ratio();
  }

  /** Chance alone may bring a new drawing near, so what the nearest of them has is no copy's. */
  private double limit() {
    return Math.min(
        LEAST * quantile(control, Originality::score, NEAREST),
        quantile(control, Originality::score, 0));
  }

  /** Numbers of the pictures that are copies: much nearer, and to one drawing alone. */
  List<Integer> copies() {
    double limit = limit();
    return IntStream.range(0, pictures.size())
        .filter(i -> score(pictures.get(i)) < limit)
        .boxed()
        .toList();
  }

  /** What is wrong, in words; empty if nothing is. */
  List<String> faults() {
    List<String> faults = new ArrayList<>();
    if (!copies().isEmpty()) {
      faults.add("copies of drawings: pictures " + copies());
    }
    for (double q : QUANTILES) {
      compare(faults, "distance to the nearest", Neighbours::distance, q);
      compare(faults, "ratio of nearest and second nearest", Neighbours::ratio, q);
    }
    return faults;
  }

  private void compare(
      List<String> faults, String what, ToDoubleFunction<Neighbours> number, double q) {
    double made = quantile(pictures, number, q);
    double drawn = quantile(control, number, q);
    if (made < LEAST_QUANTILE * drawn) {
      faults.add("%s: quantile %.2f is %.3f, of new drawings %.3f".formatted(what, q, made, drawn));
    }
  }

  /** What was measured, line by line. */
  List<String> table() {
    List<String> lines = new ArrayList<>();
    lines.add("distance to the nearest drawing of the training set (1.41: nothing in common)");
    lines.add("  samples             " + quantiles(pictures, Neighbours::distance));
    lines.add("  drawings never seen " + quantiles(control, Neighbours::distance));
    lines.add("as a part of the distance to the second nearest");
    lines.add("  samples             " + quantiles(pictures, Neighbours::ratio));
    lines.add("  drawings never seen " + quantiles(control, Neighbours::ratio));
    lines.add("both multiplied; copies have less than %.3f".formatted(limit()));
    lines.add("  samples             " + quantiles(pictures, Originality::score));
    lines.add("  drawings never seen " + quantiles(control, Originality::score));
    return lines;
  }

  private static String quantiles(List<Neighbours> all, ToDoubleFunction<Neighbours> number) {
    return "least %.3f, 1 %% %.3f, 5 %% %.3f, 25 %% %.3f, median %.3f, most %.3f"
        .formatted(
            quantile(all, number, 0),
            quantile(all, number, 0.01),
            quantile(all, number, 0.05),
            quantile(all, number, 0.25),
            quantile(all, number, 0.5),
            quantile(all, number, 1));
  }

  private static double quantile(
      List<Neighbours> all, ToDoubleFunction<Neighbours> number, double part) {
    double[] sorted = all.stream().mapToDouble(number).sorted().toArray();
    return sorted[(int) Math.rint(part * (sorted.length - 1))];
  }
}
