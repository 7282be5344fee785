package org.jdit.dit.demo;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jdit.dit.image.RgbImage;

/**
 * The drawings of a set that are nearest to a picture by their {@link Sketch}, moved by up to a
 * pixel and mirrored ones included.
 *
 * @param nearest by distance, each drawing once
 */
record Neighbours(List<Neighbour> nearest) {
  /** Drawings at a time: they and a picture stay in the cache. */
  private static final int PORTION = 64;

  /** Numbers between two looks at the limit, a divisor of {@link Sketch#NUMBERS}. */
  private static final int STRETCH = 96;

  /**
   * A drawing.
   *
   * @param example its number in the set
   * @param mirrored whether it is nearer when mirrored
   * @param squares sum of the squares of all differences
   */
  record Neighbour(int example, boolean mirrored, int squares) {
    /** Root mean square of the differences: 0 for a copy, √2 if nothing is in common. */
    double distance() {
      return Math.sqrt((double) squares / Sketch.NUMBERS) / Sketch.UNIT;
    }

    Picture picture(DemoSet set) {
      Picture p = new Picture(set.label(example), RgbImage.of(set.draw(example)));
      return mirrored ? p.mirrored() : p;
    }
  }

  /** Distance of the nearest, as a part of that of the second nearest. */
  double ratio() {
    return distance() / Math.max(nearest.get(1).distance(), Double.MIN_NORMAL);
  }

  /** Distance of the nearest. */
  double distance() {
    return nearest.getFirst().distance();
  }

  /**
   * Looks at every drawing of a set.
   *
   * @param count how many to find for each picture, 2 or more
   */
  static List<Neighbours> of(List<Picture> pictures, DemoSet set, int count) {
    List<Search> searches =
        pictures.stream().parallel().map(p -> new Search(p.image(), count)).toList();
    for (int from = 0; from < set.count(); from += PORTION) {
      int first = from;
      List<int[]> drawings =
          IntStream.range(first, Math.min(first + PORTION, set.count()))
              .parallel()
              .mapToObj(i -> Sketch.of(RgbImage.of(set.draw(i))))
              .toList();
      searches.parallelStream().forEach(s -> s.look(first, drawings));
    }
    return searches.stream().map(s -> new Neighbours(List.copyOf(s.best))).toList();
  }

  /** The nearest to a picture so far. */
  private static final class Search {
    private final Moved plain;
    private final Moved mirrored;
    private final int count;
    private final List<Neighbour> best = new ArrayList<>();

    Search(RgbImage image, int count) {
      plain = new Moved(image);
      // Mirroring the other one makes the same difference.
      mirrored = new Moved(image.flipped());
      this.count = count;
    }

    void look(int first, List<int[]> drawings) {
      for (int i = 0; i < drawings.size(); i++) {
        int limit = best.size() < count ? Integer.MAX_VALUE : best.getLast().squares;
        int straight = plain.least(drawings.get(i), limit);
        int flipped = mirrored.least(drawings.get(i), Math.min(limit, straight));
        if (Math.min(straight, flipped) < limit) {
          best.add(new Neighbour(first + i, flipped < straight, Math.min(straight, flipped)));
          best.sort(Comparator.comparingInt(Neighbour::squares));
          if (best.size() > count) {
            best.removeLast();
          }
        }
      }
    }
  }

  /** A picture as it is and moved by a pixel. */
  private static final class Moved {
    private final int[] picture;
    private final List<int[]> moved;

    /** How far the farthest moved one is from the picture. */
    private final double reach;

    Moved(RgbImage image) {
      picture = Sketch.of(image);
      moved = Sketch.moved(image);
      reach =
          moved.stream()
              .mapToDouble(m -> Math.sqrt(squares(m, picture, Integer.MAX_VALUE)))
              .max()
              .orElseThrow();
    }

    /** The least squares to a drawing, or the limit or more if that is not less. */
    int least(int[] drawing, int limit) {
      // What is farther than this from the picture is too far from all moved ones as well.
      int far = (int) Math.min(Integer.MAX_VALUE, Math.pow(Math.sqrt(limit) + reach, 2) + 1);
      int least = squares(picture, drawing, far);
      if (least < far) {
        for (int[] one : moved) {
          least = Math.min(least, squares(one, drawing, Math.min(least, limit)));
        }
      }
      return least;
    }

    /** The sum of squares, or of some of them if that is the limit already. */
    private static int squares(int[] a, int[] b, int limit) {
      int sum = 0;
      for (int from = 0; from < a.length && sum < limit; from += STRETCH) {
        for (int i = from; i < from + STRETCH; i++) {
          int d = a[i] - b[i];
          sum += d * d;
        }
      }
      return sum;
    }
  }
}
