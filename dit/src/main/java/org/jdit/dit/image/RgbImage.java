package org.jdit.dit.image;

import java.awt.image.BufferedImage;
import java.nio.file.Path;
import org.jdit.tensor.JditException;

/** A picture of 8 bits for each of red, green and blue; immutable. */
public final class RgbImage {
  private static final int CHANNELS = 3;

  private final int width;
  private final int height;
  private final byte[] rgb;

  private RgbImage(int width, int height, byte[] rgb) {
    this.width = width;
    this.height = height;
    this.rgb = rgb;
  }

  /** A picture of bytes that nobody else changes, row-major and interleaved. */
  static RgbImage adopt(int width, int height, byte[] rgb) {
    if (width < 1 || height < 1 || rgb.length != (long) width * height * CHANNELS) {
      throw new IllegalArgumentException(
          rgb.length + " bytes for " + width + " x " + height + " pixels");
    }
    return new RgbImage(width, height, rgb);
  }

  /**
   * A picture of the given pixels.
   *
   * @param rgb {@code [height, width, 3]}, row-major; copied
   */
  public static RgbImage of(int width, int height, byte[] rgb) {
    return adopt(width, height, rgb.clone());
  }

  /**
   * The samples of a picture as they stand: gray is tripled, palettes are looked up, alpha is
   * dropped, colour profiles are not applied; 16 bits lose the lower 8.
   *
   * @throws IllegalArgumentException if its colours are neither gray nor RGB
   */
  public static RgbImage of(BufferedImage image) {
    return Samples.rgb(image.getRaster(), image.getColorModel());
  }

  /**
   * Reads a JPEG (baseline or progressive; gray, RGB, YCbCr, CMYK or YCCK), PNG, GIF (the first
   * frame), BMP or WebP file, whatever its name, to the pixels that Pillow's {@code
   * Image.open(file).convert("RGB")} gives: colour profiles and the orientation of EXIF are not
   * applied, alpha is dropped, CMYK is taken to be inverted as Adobe does. Two things differ: gray
   * of 16 bits keeps its upper 8, where Pillow makes everything above 255 white; and the colours of
   * lossy WebP, kept at half the size, are repeated where libwebp interpolates (2 levels on average
   * in smooth pictures).
   *
   * @throws JditException naming file and reason if it cannot be read, is no such picture, is
   *     damaged or truncated, or has more pixels than the 178 956 970 that Pillow allows
   */
  public static RgbImage read(Path file) {
    return PictureFile.read(file);
  }

  /** Pixels in a row. */
  public int width() {
    return width;
  }

  /** Rows. */
  public int height() {
    return height;
  }

  /** A copy of the pixels, {@code [height, width, 3]}, row-major. */
  public byte[] toBytes() {
    return rgb.clone();
  }

  /** The pixels themselves, for reading only. */
  byte[] bytes() {
    return rgb;
  }

  /** Mirrored: left is right. */
  public RgbImage flipped() {
    byte[] mirrored = new byte[rgb.length];
    for (int y = 0; y < height; y++) {
      int row = y * width * CHANNELS;
      for (int x = 0; x < width; x++) {
        System.arraycopy(
            rgb, row + x * CHANNELS, mirrored, row + (width - 1 - x) * CHANNELS, CHANNELS);
      }
    }
    return new RgbImage(width, height, mirrored);
  }

  /**
   * Writes the picture as numbers from −1 to 1, exactly those of torchvision's {@code ToTensor} and
   * {@code Normalize(0.5, 0.5)}.
   *
   * @param target gets {@code [3, height, width]}, row-major
   * @param at index of the first number in {@code target}
   */
  public void normalised(float[] target, int at) {
    int plane = width * height;
    for (int c = 0; c < CHANNELS; c++) {
      for (int i = 0; i < plane; i++) {
        float v = (rgb[i * CHANNELS + c] & 0xff) / 255f;
        target[at + c * plane + i] = (v - 0.5f) / 0.5f;
      }
    }
  }
}
