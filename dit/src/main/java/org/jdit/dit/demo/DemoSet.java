package org.jdit.dit.demo;

import java.awt.image.BufferedImage;
import java.util.Objects;
import org.jdit.tensor.JditException;

/**
 * A data set of {@link DemoDrawings}, drawn when asked for; {@code jdit dataset demo} writes one to
 * files, which hold the same pixels. Examples are ordered by class. Example {@code index} of a
 * class is the same in sets of other lengths, so a longer set begins like a shorter one.
 *
 * @param perClass drawings of each class, 1 to {@link #MAX_PER_CLASS}
 * @param size width and height in pixels, as {@link DemoDrawings#draw} takes it
 * @param seed any number; another gives a set of other drawings
 */
public record DemoSet(int perClass, int size, long seed) {
  /** Most drawings of a class. */
  public static final int MAX_PER_CLASS = 1_000_000;

  /**
   * Checks what was asked for.
   *
   * @throws JditException if the number of drawings or their size is out of range
   */
  public DemoSet {
    if (perClass < 1 || perClass > MAX_PER_CLASS) {
      throw new JditException(
          "%d drawings of each class: choose 1 to %d".formatted(perClass, MAX_PER_CLASS));
    }
    DemoDrawings.checkSize(size);
  }

  /** Number of examples. */
  public int count() {
    return perClass * DemoDrawings.CLASSES.size();
  }

  /**
   * Class of an example: {@code example / perClass}.
   *
   * @param example 0 to {@code count() - 1}
   * @throws IndexOutOfBoundsException if there is no such example
   */
  public int label(int example) {
    return Objects.checkIndex(example, count()) / perClass;
  }

  /**
   * What an example is drawn from: {@code mix(mix(mix(seed) + label) + index)}, where {@code index}
   * is {@code example % perClass} and {@code mix} is one step of SplitMix64 (Steele, Lea and Flood,
   * 2014), which maps 64 bits one to one.
   *
   * @param example 0 to {@code count() - 1}
   * @throws IndexOutOfBoundsException if there is no such example
   */
  public long drawingSeed(int example) {
    return mix(mix(mix(seed) + label(example)) + example % perClass);
  }

  /**
   * Draws an example.
   *
   * @param example 0 to {@code count() - 1}
   * @return an image of type {@link BufferedImage#TYPE_INT_RGB}
   * @throws IndexOutOfBoundsException if there is no such example
   */
  public BufferedImage draw(int example) {
    return DemoDrawings.draw(label(example), drawingSeed(example), size);
  }

  private static long mix(long x) {
    long z = x + 0x9e3779b97f4a7c15L;
    z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }
}
