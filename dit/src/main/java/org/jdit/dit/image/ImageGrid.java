package org.jdit.dit.image;

import java.awt.image.BufferedImage;

/**
 * Images in one picture, as torchvision's {@code save_image(nrow, normalize=True, value_range=(-1,
 * 1))} lays them out: rows of {@code columns} images with 2 black pixels around each; a single
 * image stands without a border.
 */
public final class ImageGrid {
  private static final int PADDING = 2;

  private ImageGrid() {}

  /**
   * How large a grid will be.
   *
   * @param width in pixels
   * @param height in pixels
   */
  public record Size(long width, long height) {}

  /** The size of a grid of {@code n} images. */
  public static Size size(int n, int height, int width, int columns) {
    long across = Math.min(columns, n);
    long down = (n + across - 1) / across;
    int padding = n == 1 ? 0 : PADDING;
    return new Size(across * (width + padding) + padding, down * (height + padding) + padding);
  }

  /**
   * Draws a grid.
   *
   * @param images {@code [n, 3, height, width]}, row-major, −1 is black and 1 is full intensity;
   *     values outside are clamped
   * @param columns images in a row
   */
  public static BufferedImage draw(float[] images, int n, int height, int width, int columns) {
    if (n < 1 || columns < 1 || images.length != (long) n * 3 * height * width) {
      throw new IllegalArgumentException(
          "%d numbers for %d images of %d x %d in %d columns"
              .formatted(images.length, n, height, width, columns));
    }
    Size size = size(n, height, width, columns);
    BufferedImage grid =
        new BufferedImage(
            Math.toIntExact(size.width), Math.toIntExact(size.height), BufferedImage.TYPE_INT_RGB);
    int across = Math.min(columns, n);
    int padding = n == 1 ? 0 : PADDING;
    int plane = height * width;
    for (int i = 0; i < n; i++) {
      int left = (i % across) * (width + padding) + padding;
      int top = (i / across) * (height + padding) + padding;
      for (int p = 0; p < plane; p++) {
        int at = i * 3 * plane + p;
        int rgb =
            level(images[at]) << 16
                | level(images[at + plane]) << 8
                | level(images[at + 2 * plane]);
        grid.setRGB(left + p % width, top + p / width, rgb);
      }
    }
    return grid;
  }

  /** The same picture with each pixel as a square of so many. */
  public static BufferedImage enlarged(BufferedImage image, int times) {
    if (times == 1) {
      return image;
    }
    BufferedImage large =
        new BufferedImage(
            image.getWidth() * times, image.getHeight() * times, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < large.getHeight(); y++) {
      for (int x = 0; x < large.getWidth(); x++) {
        large.setRGB(x, y, image.getRGB(x / times, y / times));
      }
    }
    return large;
  }

  /** {@code floor(255 · (clamp(x, −1, 1) + 1) / 2 + 0.5)} in float steps, as torchvision rounds. */
  private static int level(float x) {
    float unit = (Math.clamp(x, -1f, 1f) + 1f) / 2f;
    return (int) Math.clamp(unit * 255f + 0.5f, 0f, 255f);
  }
}
