package org.jdit.dit.demo;

import java.util.List;
import java.util.stream.IntStream;

/**
 * How much pictures of a class differ: for each class the variance of a pixel's intensity around
 * the mean picture of the class (the sum of squares over n − 1), averaged over pixels and colours.
 * Intensities are from −1 to 1.
 *
 * @param byClass in the order of the labels
 */
record Spread(List<Double> byClass) {
  static Spread of(List<Picture> pictures) {
    return new Spread(
        IntStream.range(0, DemoDrawings.CLASSES.size())
            .mapToObj(k -> variance(pictures.stream().filter(p -> p.label() == k).toList()))
            .toList());
  }

  /** The mean of all classes. */
  double mean() {
    return byClass.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }

  private static double variance(List<Picture> same) {
    int n = same.size();
    float[] all = Picture.normalised(same);
    double total = 0;
    for (int p = 0; p < Picture.NUMBERS; p++) {
      double sum = 0;
      for (int i = 0; i < n; i++) {
        sum += all[i * Picture.NUMBERS + p];
      }
      for (int i = 0; i < n; i++) {
        double d = all[i * Picture.NUMBERS + p] - sum / n;
        total += d * d;
      }
    }
    return total / (n - 1) / Picture.NUMBERS;
  }
}
