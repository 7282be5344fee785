package org.jdit.dit.image;

import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/** Samples of any depth as 8-bit RGB, by Pillow's rules. */
final class Samples {
  private Samples() {}

  /**
   * The picture that the samples mean.
   *
   * @throws IllegalArgumentException if the colours are neither gray nor RGB
   */
  static RgbImage rgb(Raster raster, ColorModel colors) {
    int width = raster.getWidth();
    int height = raster.getHeight();
    byte[] rgb = new byte[Math.multiplyExact(Math.multiplyExact(width, height), 3)];
    if (colors instanceof IndexColorModel palette) {
      lookUp(raster, palette, rgb);
    } else {
      convert(raster, colors, rgb);
    }
    return RgbImage.adopt(width, height, rgb);
  }

  private static void lookUp(Raster raster, IndexColorModel palette, byte[] rgb) {
    int width = raster.getWidth();
    int[] row = new int[width];
    for (int y = 0, to = 0; y < raster.getHeight(); y++) {
      raster.getSamples(raster.getMinX(), raster.getMinY() + y, width, 1, 0, row);
      for (int x = 0; x < width; x++, to += 3) {
        int color = palette.getRGB(row[x]);
        rgb[to] = (byte) (color >> 16);
        rgb[to + 1] = (byte) (color >> 8);
        rgb[to + 2] = (byte) color;
      }
    }
  }

  private static void convert(Raster raster, ColorModel colors, byte[] rgb) {
    int planes = colors.getNumColorComponents();
    if ((planes != 1 && planes != 3) || colors.isAlphaPremultiplied()) {
      throw new IllegalArgumentException("neither plain gray nor plain RGB: " + colors);
    }
    int width = raster.getWidth();
    int bands = raster.getNumBands();
    int[] row = new int[width * bands];
    for (int y = 0, to = 0; y < raster.getHeight(); y++) {
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < 3; c++, to++) {
          int band = planes == 1 ? 0 : c;
          rgb[to] = eight(row[x * bands + band], colors.getComponentSize(band));
        }
      }
    }
  }

  private static byte eight(int sample, int bits) {
    return (byte) (bits >= 8 ? sample >>> (bits - 8) : sample * 255 / ((1 << bits) - 1));
  }
}
