package org.jdit.dit.demo;

import java.util.List;
import java.util.function.Function;

/**
 * Something to draw.
 *
 * @param title name of its class
 * @param turn degrees by which it may be rotated either way
 * @param mirrored whether it may face left as well as right
 * @param layers its pieces from the back to the front, as the dice fall
 */
record Figure(String title, double turn, boolean mirrored, Function<Dice, List<Layer>> layers) {
  /** All figures in the order of the class labels. */
  static final List<Figure> ALL =
      List.of(
          new Figure("heart", 20, false, Figures::heart),
          new Figure("star", 36, false, Figures::star),
          new Figure("moon", 35, true, Figures::moon),
          new Figure("flower", 10, true, Figures::flower),
          new Figure("tree", 6, false, Figures::tree),
          new Figure("mushroom", 10, false, Figures::mushroom),
          new Figure("house", 4, true, Figures::house),
          new Figure("sailboat", 8, true, Figures::sailboat),
          new Figure("fish", 22, true, Figures::fish),
          new Figure("butterfly", 30, false, Figures::butterfly),
          new Figure("cat", 14, false, Figures::cat),
          new Figure("mug", 8, true, Figures::mug));
}
