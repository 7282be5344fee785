package org.jdit.dit.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * How much pictures of a class differ: for each class the variance of a number of the picture
 * around its mean in the class (the sum of squares over n − 1), averaged over all numbers.
 *
 * @param byClass in the order of the labels
 */
record Spread(List<Double> byClass) {
  /** Least mean over the classes of a class's spread, as a part of that of its drawings. */
  static final double LEAST_MEAN = 0.8;

  /** Largest mean over the classes: noise varies too. */
  static final double MOST_MEAN = 1.25;

  /** Least of any one class. */
  static final double LEAST = 0.65;

  /** Largest of any one class. */
  static final double MOST = 1.5;

  /** Of pixels, which is mostly that of palettes and backgrounds: intensities from −1 to 1. */
  static Spread ofPixels(List<Picture> pictures) {
    return of(
        pictures,
        p -> {
          float[] normalised = Picture.normalised(List.of(p));
          return IntStream.range(0, normalised.length).mapToDouble(i -> normalised[i]).toArray();
        });
  }

  /** Of where the figure is, whatever its colours: the mask of {@link DemoShape}. */
  static Spread ofOutlines(List<Picture> pictures) {
    return of(pictures, p -> DemoShape.mask(p.rgb(), Picture.SIDE));
  }

  /** Of the figure's form, whatever its colours, its place and its size. */
  static Spread ofForms(List<Picture> pictures) {
    return of(pictures, p -> DemoShape.of(p.rgb(), Picture.SIDE));
  }

  private static Spread of(List<Picture> pictures, Function<Picture, double[]> numbers) {
    return new Spread(
        IntStream.range(0, DemoDrawings.CLASSES.size())
            .mapToObj(
                k -> variance(pictures.stream().filter(p -> p.label() == k).map(numbers).toList()))
            .toList());
  }

  private static double variance(List<double[]> same) {
    int n = same.size();
    int size = same.getFirst().length;
    double total = 0;
    for (int p = 0; p < size; p++) {
      double sum = 0;
      for (double[] one : same) {
        sum += one[p];
      }
      for (double[] one : same) {
        double d = one[p] - sum / n;
        total += d * d;
      }
    }
    return total / (n - 1) / size;
  }

  /** Each class as a part of another spread's. */
  List<Double> partOf(Spread drawn) {
    return IntStream.range(0, byClass.size())
        .mapToObj(k -> byClass.get(k) / drawn.byClass.get(k))
        .toList();
  }

  /** What is wrong beside the spread of drawings, in words; empty if nothing is. */
  List<String> faults(Spread drawn) {
    List<Double> parts = partOf(drawn);
    List<String> faults = new ArrayList<>();
    double mean = mean(parts);
    if (!(mean >= LEAST_MEAN && mean <= MOST_MEAN)) {
      faults.add("the mean over the classes is %.3f of the drawings'".formatted(mean));
    }
    for (int k = 0; k < parts.size(); k++) {
      if (!(parts.get(k) >= LEAST && parts.get(k) <= MOST)) {
        faults.add(
            "%s has %.3f of the drawings'".formatted(DemoDrawings.CLASSES.get(k), parts.get(k)));
      }
    }
    return faults;
  }

  /** What was measured beside the spread of drawings, line by line. */
  List<String> table(Spread drawn) {
    List<Double> parts = partOf(drawn);
    List<String> lines = new ArrayList<>();
    lines.add("  mean ratio %.3f".formatted(mean(parts)));
    for (int k = 0; k < parts.size(); k++) {
      lines.add(
          "  %-10s %.4f, %.4f, ratio %.3f"
              .formatted(
                  DemoDrawings.CLASSES.get(k), byClass.get(k), drawn.byClass.get(k), parts.get(k)));
    }
    return lines;
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }
}
