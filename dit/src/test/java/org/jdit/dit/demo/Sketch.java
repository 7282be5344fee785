package org.jdit.dit.demo;

import java.util.List;
import java.util.stream.IntStream;
import org.jdit.dit.image.RgbImage;

/**
 * What of a picture a copy keeps even if it is blurred, halved in resolution, brightened, of
 * another contrast or tinted: blurred, every other pixel of each direction, each colour without its
 * mean, all of one variance.
 */
final class Sketch {
  /** Numbers of a sketch. */
  static final int NUMBERS = 3 * (Picture.SIDE / 2) * (Picture.SIDE / 2);

  /** Root mean square of a sketch's numbers. */
  static final int UNIT = 64;

  private static final int PIXELS = NUMBERS / 3;

  /** Coprime with the number of pixels: the first numbers come from all over the picture. */
  private static final int STRIDE = 37;

  /** A row of Pascal's triangle, over pixels beside each other. */
  private static final int[] BLUR = {1, 7, 21, 35, 35, 21, 7, 1};

  private static final int REACH = BLUR.length;

  private Sketch() {}

  /** The sketch of a picture. */
  static int[] of(RgbImage image) {
    return shifted(image, 0, 0);
  }

  /** The sketches of a picture moved by a pixel, to the eight sides. */
  static List<int[]> moved(RgbImage image) {
    return IntStream.range(0, 9)
        .filter(i -> i != 4)
        .mapToObj(i -> shifted(image, i % 3 - 1, i / 3 - 1))
        .toList();
  }

  private static int[] shifted(RgbImage image, int right, int down) {
    byte[] levels = image.toBytes();
    double[] sketch = new double[NUMBERS];
    for (int p = 0; p < PIXELS; p++) {
      int x = 2 * (p % (Picture.SIDE / 2)) + 1 - REACH / 2 - right;
      int y = 2 * (p / (Picture.SIDE / 2)) + 1 - REACH / 2 - down;
      for (int i = 0; i < REACH * REACH; i++) {
        int at = inside(y + i / REACH) * Picture.SIDE + inside(x + i % REACH);
        double weight = BLUR[i / REACH] * BLUR[i % REACH] / 16384.0;
        for (int c = 0; c < 3; c++) {
          sketch[p * 3 + c] += weight * (levels[at * 3 + c] & 0xff);
        }
      }
    }
    return scattered(sketch);
  }

  /** Beyond an edge the picture goes on as it ends. */
  private static int inside(int i) {
    return Math.clamp(i, 0, Picture.SIDE - 1);
  }

  private static int[] scattered(double[] sketch) {
    double[] mean = new double[3];
    for (int i = 0; i < NUMBERS; i++) {
      mean[i % 3] += sketch[i] / PIXELS;
    }
    double squares = 0;
    for (int i = 0; i < NUMBERS; i++) {
      sketch[i] -= mean[i % 3];
      squares += sketch[i] * sketch[i];
    }
    // A picture of one colour is nothing, not enlarged rounding.
    double scale = UNIT / Math.max(1, Math.sqrt(squares / NUMBERS));
    int[] numbers = new int[NUMBERS];
    for (int i = 0; i < NUMBERS; i++) {
      int pixel = i / 3 * STRIDE % PIXELS;
      numbers[i] = (int) Math.rint(sketch[pixel * 3 + i % 3] * scale);
    }
    return numbers;
  }
}
