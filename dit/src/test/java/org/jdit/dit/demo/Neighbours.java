package org.jdit.dit.demo;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jdit.dit.image.RgbImage;

/**
 * The drawings of a set that are nearest to a picture, pixel by pixel, mirrored ones included.
 *
 * @param nearest by distance, each drawing once
 */
record Neighbours(List<Neighbour> nearest) {
  /** Drawings at a time: they and a picture stay in the cache. */
  private static final int PORTION = 64;

  /** Numbers between two looks at the limit, a divisor of {@link Picture#NUMBERS}. */
  private static final int STRETCH = 384;

  /**
   * A drawing.
   *
   * @param example its number in the set
   * @param mirrored whether it is nearer when mirrored
   * @param squares sum of the squares of all differences in level, 0 to 255
   */
  record Neighbour(int example, boolean mirrored, int squares) {
    /** Root of the mean square of the differences, in levels. */
    double distance() {
      return Math.sqrt((double) squares / Picture.NUMBERS);
    }

    Picture picture(DemoSet set) {
      Picture p = new Picture(set.label(example), RgbImage.of(set.draw(example)));
      return mirrored ? p.mirrored() : p;
    }
  }

  /** Distance of the nearest, as a part of that of the second nearest. */
  double ratio() {
    return distance() / nearest.get(1).distance();
  }

  /** Distance of the nearest. */
  double distance() {
    return nearest.getFirst().distance();
  }

  /**
   * Looks at every drawing of a set.
   *
   * @param count how many to find for each picture
   */
  static List<Neighbours> of(List<Picture> pictures, DemoSet set, int count) {
    List<Search> searches = pictures.stream().map(p -> new Search(p, count)).toList();
    for (int from = 0; from < set.count(); from += PORTION) {
      int first = from;
      List<int[]> drawings =
          IntStream.range(first, Math.min(first + PORTION, set.count()))
              .parallel()
              .mapToObj(i -> levels(RgbImage.of(set.draw(i))))
              .toList();
      searches.parallelStream().forEach(s -> s.look(first, drawings));
    }
    return searches.stream().map(s -> new Neighbours(List.copyOf(s.best))).toList();
  }

  private static int[] levels(RgbImage image) {
    byte[] bytes = image.toBytes();
    return IntStream.range(0, bytes.length).map(i -> bytes[i] & 0xff).toArray();
  }

  /** The nearest to a picture so far. */
  private static final class Search {
    private final int[] picture;
    private final int[] mirrored;
    private final int count;
    private final List<Neighbour> best = new ArrayList<>();

    Search(Picture p, int count) {
      picture = levels(p.image());
      mirrored = levels(p.image().flipped());
      this.count = count;
    }

    void look(int first, List<int[]> drawings) {
      for (int i = 0; i < drawings.size(); i++) {
        int limit = best.size() < count ? Integer.MAX_VALUE : best.getLast().squares;
        int plain = squares(picture, drawings.get(i), limit);
        // Mirroring the other one makes the same difference.
        int flipped = squares(mirrored, drawings.get(i), limit);
        if (Math.min(plain, flipped) < limit) {
          best.add(new Neighbour(first + i, flipped < plain, Math.min(plain, flipped)));
          best.sort(Comparator.comparingInt(Neighbour::squares));
          if (best.size() > count) {
            best.removeLast();
          }
        }
      }
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
