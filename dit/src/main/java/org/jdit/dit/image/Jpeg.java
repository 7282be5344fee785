package org.jdit.dit.image;

import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.imageio.IIOException;

/**
 * What the decoder is not left to judge: which colours a JPEG has, by libjpeg's rules, and what RGB
 * they are, by its numbers and (CMYK) Pillow's.
 */
final class Jpeg {
  private static final int SOI = 0xd8;
  private static final int EOI = 0xd9;
  private static final int SOS = 0xda;
  private static final int APP0 = 0xe0;
  private static final int ADOBE = 0xee;
  private static final int COMMENT = 0xfe;
  private static final int UNKNOWN = -1;

  /** Bits behind the point of the colour equations. */
  private static final int POINT = 16;

  private static final int RED_CR = fixed(1.402);
  private static final int GREEN_CB = fixed(0.34414);
  private static final int GREEN_CR = fixed(0.71414);
  private static final int BLUE_CB = fixed(1.772);

  private Jpeg() {}

  /** A part of the header; {@code at} is its 0xff, {@code end} is behind it. */
  private record Segment(int marker, int at, int end) {
    /** The first of the segment's own bytes. */
    int data() {
      return at + 4;
    }

    boolean names(String id, byte[] file, int least) {
      return end - data() >= least
          && new String(file, data(), id.length(), StandardCharsets.ISO_8859_1).equals(id);
    }

    /** Samples of a frame's component to a block, across in the upper 4 bits, down in the lower. */
    int sampling(int component, byte[] file) {
      return file[data() + 7 + 3 * component] & 0xff;
    }

    boolean isFrame() {
      return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    }
  }

  /**
   * The file without profiles, EXIF and comments, which say nothing about the samples but make the
   * decoder refuse files when damaged.
   *
   * @throws EOFException if it ends before its pixels
   */
  static byte[] bare(byte[] file) throws EOFException {
    ByteArrayOutputStream bare = new ByteArrayOutputStream(file.length);
    bare.write(0xff);
    bare.write(SOI);
    Segment s = next(file, 2);
    while (s.marker() != SOS && s.marker() != EOI) {
      if (s.marker() < APP0 || s.marker() > COMMENT) {
        bare.write(file, s.at(), s.end() - s.at());
      }
      s = next(file, s.end());
    }
    bare.write(file, s.at(), file.length - s.at());
    return bare.toByteArray();
  }

  /** The segment at or, as libjpeg looks for it, somewhere behind a place. */
  private static Segment next(byte[] file, int from) throws EOFException {
    for (int at = from; at + 1 < file.length; at++) {
      int marker = file[at + 1] & 0xff;
      if (file[at] != (byte) 0xff || marker == 0xff || marker < 0xc0) {
        continue;
      }
      if (marker >= 0xd0 && marker <= EOI) {
        if (marker == EOI) {
          return new Segment(EOI, at, at + 2);
        }
        continue;
      }
      if (at + 4 > file.length) {
        break;
      }
      int end = at + 2 + Math.max(2, ((file[at + 2] & 0xff) << 8) | (file[at + 3] & 0xff));
      if (end > file.length) {
        break;
      }
      return new Segment(marker, at, end);
    }
    throw new EOFException();
  }

  /**
   * The picture of a file's samples, which are as they are in the file.
   *
   * @throws IIOException if they are neither 1, 3 nor 4 to a pixel
   */
  static RgbImage rgb(byte[] file, Raster raster) throws IIOException, EOFException {
    int bands = raster.getNumBands();
    int width = raster.getWidth();
    byte[] rgb = new byte[Math.multiplyExact(Math.multiplyExact(width, raster.getHeight()), 3)];
    boolean differences = bands > 1 && differences(file, bands);
    boolean[] repeated = repeated(file, raster);
    int[] row = new int[width * bands];
    for (int y = 0, to = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, width, 1, row);
      interpolate(row, raster, y, repeated);
      for (int from = 0; from < row.length; from += bands, to += 3) {
        switch (bands) {
          case 1 -> put(row[from], row[from], row[from], rgb, to);
          case 3 -> {
            if (differences) {
              putDifferences(row, from, rgb, to);
            } else {
              put(row[from], row[from + 1], row[from + 2], rgb, to);
            }
          }
          case 4 -> {
            if (differences) {
              putDifferences(row, from, rgb, to);
            } else {
              put(255 - row[from], 255 - row[from + 1], 255 - row[from + 2], rgb, to);
            }
            putInk(row[from + 3], rgb, to);
          }
          default -> throw new IIOException("it has " + bands + " colours");
        }
      }
    }
    return RgbImage.adopt(width, raster.getHeight(), rgb);
  }

  /** Whether the first three samples are brightness and colour differences. */
  private static boolean differences(byte[] file, int bands) throws EOFException {
    boolean jfif = false;
    int adobe = UNKNOWN;
    String ids = "";
    for (Segment s = next(file, 2); s.marker() != SOS; s = next(file, s.end())) {
      if (s.marker() == APP0) {
        jfif |= s.names("JFIF\0", file, 14);
      } else if (s.marker() == ADOBE && s.names("Adobe", file, 12)) {
        adobe = file[s.data() + 11];
      } else if (s.isFrame() && bands == 3) {
        ids =
            "" + (char) file[s.data() + 6] + (char) file[s.data() + 9] + (char) file[s.data() + 12];
      }
    }
    if (bands == 4) {
      return adobe != UNKNOWN && adobe != 0;
    }
    return jfif || (adobe == UNKNOWN ? !ids.equals("RGB") : adobe != 0);
  }

  /**
   * Which of the samples have half the height and the full width ("4:4:0"), and were made twice as
   * high by repeating each row: so does the libjpeg of the JDK, but not one of the system, which
   * some builds of the JDK take.
   */
  private static boolean[] repeated(byte[] file, Raster raster) throws EOFException {
    boolean[] repeated = new boolean[raster.getNumBands()];
    Segment s = next(file, 2);
    while (!s.isFrame()) {
      s = next(file, s.end());
    }
    int widest = 0;
    int highest = 0;
    for (int c = 0; c < repeated.length; c++) {
      widest = Math.max(widest, s.sampling(c, file) >> 4);
      highest = Math.max(highest, s.sampling(c, file) & 15);
    }
    for (int c = 0; c < repeated.length; c++) {
      repeated[c] =
          s.sampling(c, file) >> 4 == widest
              && (s.sampling(c, file) & 15) * 2 == highest
              && hasEqualPairs(raster, c);
    }
    return repeated;
  }

  private static boolean hasEqualPairs(Raster raster, int band) {
    int[] upper = new int[raster.getWidth()];
    int[] lower = upper.clone();
    for (int y = 0; y + 1 < raster.getHeight(); y += 2) {
      raster.getSamples(0, y, upper.length, 1, band, upper);
      raster.getSamples(0, y + 1, lower.length, 1, band, lower);
      if (!Arrays.equals(upper, lower)) {
        return false;
      }
    }
    return true;
  }

  /** Mixes rows that were repeated with the next ones, three to one, as libjpeg-turbo rounds. */
  private static void interpolate(int[] row, Raster raster, int y, boolean... repeated) {
    boolean upper = y % 2 == 0;
    int next = Math.clamp(upper ? y - 1 : y + 1, 0, raster.getHeight() - 1);
    int width = raster.getWidth();
    for (int c = 0; c < repeated.length; c++) {
      if (repeated[c]) {
        int[] other = raster.getSamples(0, next, width, 1, c, (int[]) null);
        for (int x = 0; x < width; x++) {
          int at = x * repeated.length + c;
          row[at] = (3 * row[at] + other[x] + (upper ? 1 : 2)) >> 2;
        }
      }
    }
  }

  private static void put(int r, int g, int b, byte[] rgb, int to) {
    rgb[to] = (byte) r;
    rgb[to + 1] = (byte) g;
    rgb[to + 2] = (byte) b;
  }

  /** The equations of JFIF in libjpeg's fixed point, so that they round as there. */
  private static void putDifferences(int[] row, int from, byte[] rgb, int to) {
    int y = row[from];
    int cb = row[from + 1] - 128;
    int cr = row[from + 2] - 128;
    int half = 1 << (POINT - 1);
    put(
        clip(y + ((RED_CR * cr + half) >> POINT)),
        clip(y + ((half - GREEN_CB * cb - GREEN_CR * cr) >> POINT)),
        clip(y + ((BLUE_CB * cb + half) >> POINT)),
        rgb,
        to);
  }

  private static int fixed(double x) {
    return (int) (x * (1 << POINT) + 0.5);
  }

  private static int clip(int v) {
    return Math.clamp(v, 0, 255);
  }

  /** Darkens a pixel of inks by black, all inverted; the pixel's bytes are the inks. */
  private static void putInk(int light, byte[] rgb, int at) {
    for (int c = at; c < at + 3; c++) {
      int product = (rgb[c] & 0xff) * light + 128;
      rgb[c] = (byte) (light - (((product >> 8) + product) >> 8));
    }
  }
}
