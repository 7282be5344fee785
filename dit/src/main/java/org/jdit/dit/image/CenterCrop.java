package org.jdit.dit.image;

/** The crop that ADM and DiT train on: the largest square in the middle, made small carefully. */
public final class CenterCrop {
  private CenterCrop() {}

  /**
   * Halves a picture with a box filter while its shorter side is at least twice {@code size},
   * scales that side to {@code size} with a bicubic filter and takes the square in the middle; the
   * pixels are those of Pillow, and of the official {@code center_crop_arr}.
   *
   * @param size width and height of the result in pixels, at least 1
   */
  public static RgbImage of(RgbImage image, int size) {
    if (size < 1) {
      throw new IllegalArgumentException("a crop of " + size + " pixels");
    }
    RgbImage small = image;
    while (shorter(small) >= 2L * size) {
      int width = small.width() / 2;
      int height = small.height() / 2;
      small =
          Resampling.resize(
              small,
              Resampling.Axis.whole(small.width(), width),
              Resampling.Axis.whole(small.height(), height),
              Filter.BOX);
    }
    double scale = (double) size / shorter(small);
    return Resampling.resize(
        small,
        middle(small.width(), scale, size),
        middle(small.height(), scale, size),
        Filter.BICUBIC);
  }

  private static int shorter(RgbImage image) {
    return Math.min(image.width(), image.height());
  }

  /** Only what is kept gets computed, so that a very long picture needs no more memory. */
  private static Resampling.Axis middle(int side, double scale, int size) {
    long scaled = (long) Math.rint(side * scale);
    return new Resampling.Axis(side, scaled, (scaled - size) / 2, size);
  }
}
