package org.jdit.dit.demo;

import java.awt.Shape;

/**
 * One piece of a figure, in one colour.
 *
 * @param shape about as large as the square from (−1, −1) to (1, 1), y downwards
 * @param ink what it is painted with
 */
record Layer(Shape shape, Ink ink) {
  /** Colours by what they are for; {@link Palette} says which they are. */
  enum Ink {
    /** The figure itself. */
    MAIN,
    /** Another hue beside it. */
    ACCENT,
    /** Brown, for trunks and masts. */
    WOOD,
    /** Green, for stems. */
    LEAF,
    /** Clearly apart from {@link #MAIN}, for what lies on it. */
    DETAIL
  }
}
