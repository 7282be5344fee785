package org.jdit.dit.demo;

import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jdit.dit.image.ImageGrid;
import org.jdit.dit.image.RgbImage;
import org.jdit.dit.sample.Samples;

/**
 * A drawing or a sample, at the 8 bits that one sees.
 *
 * @param label what it shows, or was asked to show
 */
record Picture(int label, RgbImage image) {
  static final int SIDE = 32;
  static final int NUMBERS = 3 * SIDE * SIDE;

  /** Every drawing of a set. */
  static List<Picture> drawn(DemoSet set) {
    return IntStream.range(0, set.count())
        .parallel()
        .mapToObj(i -> new Picture(set.label(i), RgbImage.of(set.draw(i))))
        .toList();
  }

  /** Samples with the labels they were asked for. */
  static List<Picture> sampled(Samples samples, List<Integer> labels) {
    return IntStream.range(0, labels.size())
        .mapToObj(
            i -> {
              float[] one = Arrays.copyOfRange(samples.images(), i * NUMBERS, (i + 1) * NUMBERS);
              return new Picture(labels.get(i), RgbImage.of(ImageGrid.draw(one, 1, SIDE, SIDE, 1)));
            })
        .toList();
  }

  /** Its pixels as {@link BufferedImage#getRGB} gives them, without alpha. */
  int[] rgb() {
    byte[] levels = image.toBytes();
    return IntStream.range(0, SIDE * SIDE)
        .map(
            i ->
                (levels[3 * i] & 0xff) << 16
                    | (levels[3 * i + 1] & 0xff) << 8
                    | (levels[3 * i + 2] & 0xff))
        .toArray();
  }

  Picture mirrored() {
    return new Picture(label, image.flipped());
  }

  /** Pictures as numbers from −1 to 1, {@code [n, 3, 32, 32]}. */
  static float[] normalised(List<Picture> pictures) {
    float[] all = new float[pictures.size() * NUMBERS];
    for (int i = 0; i < pictures.size(); i++) {
      pictures.get(i).image.normalised(all, i * NUMBERS);
    }
    return all;
  }

  /** Pictures in rows, each pixel a square of so many. */
  static BufferedImage grid(List<Picture> pictures, int columns, int enlarged) {
    return ImageGrid.enlarged(
        ImageGrid.draw(normalised(pictures), pictures.size(), SIDE, SIDE, columns), enlarged);
  }
}
