package org.jdit.dit.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import javax.imageio.ImageIO;
import org.jdit.tensor.JditException;
import org.jdit.tensor.testkit.ReferenceData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Picture files become the pixels that Pillow 12.3 reads from them, or are refused by name. */
class RgbImageTest {
  private static final ReferenceData PILLOW = ReferenceData.resource("pillow_pictures.safetensors");

  /**
   * Nearest instead of interpolated chroma, in a noisy picture of 27 x 19 pixels: 4.4 on average.
   */
  private static final double LOSSY_WEBP = 5;

  @TempDir private Path dir;

  private static Path picture(String name) {
    return Path.of("src/test/resources/pictures", name);
  }

  private static byte[] pillow(String name) {
    long[] levels = PILLOW.longs(name);
    byte[] rgb = new byte[levels.length];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) levels[i];
    }
    return rgb;
  }

  private Path file(byte[] bytes) throws IOException {
    return Files.write(dir.resolve("picture"), bytes);
  }

  // The JDK's decoder and Pillow's are both libjpeg: the same integer DCT, upsampling and rounding.
  // So the bound is equality, for colours (of CMYK, too) as well.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "base444.jpg",
        "base422.jpg",
        "base420.jpg",
        "base440.jpg",
        "progressive.jpg",
        "gray.jpg",
        "rgb.jpg",
        "cmyk.jpg",
        "cmyk_without_adobe.jpg",
        "ycck.jpg",
        "ycck_progressive.jpg",
        "profile_exif.jpg",
        "broken_profile.jpg",
        "gray1.png",
        "gray2.png",
        "gray4.png",
        "gray8.png",
        "gray16.png",
        "gray_alpha8.png",
        "gray_alpha16.png",
        "palette1.png",
        "palette4.png",
        "palette8.png",
        "rgb8.png",
        "rgb16.png",
        "rgba8.png",
        "rgba16.png",
        "profile.png",
        "plain.gif",
        "animated.gif",
        "gray.gif",
        "offset.gif",
        "offset_transparent.gif",
        "rgb.bmp",
        "rgba.bmp",
        "palette8.bmp",
        "gray1.bmp",
        "gray8.bmp",
        "rgb565.bmp",
        "rgb555.bmp",
        "lossless.webp",
        "alpha.webp",
        "animated.webp",
        "profile.webp"
      })
  void pixelsAreThoseOfPillow(String name) {
    RgbImage image = RgbImage.read(picture(name));
    assertThat(PILLOW.shape(name).dims()).containsExactly(image.height(), image.width(), 3);
    assertThat(image.toBytes()).isEqualTo(pillow(name));
  }

  /** As it comes from a JDK that is built with libjpeg-turbo. */
  @Test
  void rowsThatAreInterpolatedAlreadyAreLeftAlone() throws IOException {
    byte[] tall = Files.readAllBytes(picture("base440.jpg"));
    byte[] full = Files.readAllBytes(picture("base444.jpg"));
    WritableRaster raster = Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, 2, 5, 3, null);
    for (int y = 0; y < 5; y++) {
      raster.setPixels(0, y, 2, 1, new int[] {100, 90 + y / 2, 120, 100, 90, 130 - y / 2 * 3});
    }
    byte[] repeated = Jpeg.rgb(tall, raster).toBytes();
    assertThat(repeated).isNotEqualTo(Jpeg.rgb(full, raster).toBytes());
    for (int c = 1; c < 3; c++) {
      raster.setSample(1, 2, c, 50);
    }
    assertThat(Jpeg.rgb(tall, raster).toBytes()).isEqualTo(Jpeg.rgb(full, raster).toBytes());
  }

  @Test
  void lossyWebpIsCloseToPillow() {
    byte[] expected = pillow("lossy.webp");
    byte[] actual = RgbImage.read(picture("lossy.webp")).toBytes();
    assertThat(actual).hasSameSizeAs(expected);
    double sum = 0;
    for (int i = 0; i < actual.length; i++) {
      sum += Math.abs((actual[i] & 0xff) - (expected[i] & 0xff));
    }
    assertThat(sum / actual.length).isLessThan(LOSSY_WEBP);
  }

  @Test
  void theNameSaysNothing() throws IOException {
    Path misnamed = Files.copy(picture("rgb8.png"), dir.resolve("picture.jpg"));
    assertThat(RgbImage.read(misnamed).toBytes()).isEqualTo(pillow("rgb8.png"));
  }

  /** Wherever a file ends, its picture is whole or refused: none is filled up with gray. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "base420.jpg",
        "progressive.jpg",
        "ycck.jpg",
        "palette8.png",
        "rgb16.png",
        "plain.gif",
        "rgb.bmp",
        "palette8.bmp",
        "lossless.webp",
        "lossy.webp"
      })
  void truncatedFilesAreRefused(String name) throws IOException {
    byte[] whole = Files.readAllBytes(picture(name));
    byte[] pixels = RgbImage.read(picture(name)).toBytes();
    // What comes behind the pixels of a PNG: their checksums and the final chunk.
    int least = whole.length - 24;
    for (int length = 0; length < whole.length; length += length < least - 8 ? 7 : 1) {
      Path cut = file(Arrays.copyOf(whole, length));
      if (length >= least && readable(cut)) {
        assertThat(RgbImage.read(cut).toBytes()).as("%d bytes", length).isEqualTo(pixels);
      } else {
        assertThatThrownBy(() -> RgbImage.read(cut))
            .as("%d bytes", length)
            .isInstanceOf(JditException.class)
            .hasMessageStartingWith("cannot read picture " + cut + ": ");
      }
    }
    assertThatThrownBy(() -> RgbImage.read(file(Arrays.copyOf(whole, whole.length / 2))))
        .hasMessageEndingWith(": it is truncated");
  }

  private static boolean readable(Path file) {
    try {
      RgbImage.read(file);
      return true;
    } catch (JditException e) {
      return false;
    }
  }

  /** Any bytes give a picture or a JditException, never another failure of a decoder. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "progressive.jpg",
        "cmyk.jpg",
        "palette4.png",
        "rgb8.png",
        "animated.gif",
        "palette8.bmp",
        "rgb565.bmp",
        "lossless.webp",
        "lossy.webp"
      })
  void damagedFilesDoNoHarm(String name) throws IOException {
    byte[] whole = Files.readAllBytes(picture(name));
    Random random = new Random(7);
    int refused = 0;
    for (int i = 0; i < 150; i++) {
      byte[] damaged = whole.clone();
      for (int k = 0; k <= i % 5; k++) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      refused += readable(file(damaged)) ? 0 : 1;
    }
    assertThat(refused).isPositive();
  }

  @Test
  void whatIsNoPictureIsRefusedWithTheReason() throws IOException {
    assertThatThrownBy(() -> RgbImage.read(dir.resolve("none.png")))
        .isInstanceOf(JditException.class)
        .hasMessage("cannot read picture " + dir.resolve("none.png") + ": it does not exist");
    assertThatThrownBy(() -> RgbImage.read(dir)).hasMessageEndingWith(": it is no file");
    assertThatThrownBy(() -> RgbImage.read(file(new byte[0]))).hasMessageEndingWith("it is empty");
    assertThatThrownBy(() -> RgbImage.read(file("<html>".getBytes(StandardCharsets.UTF_8))))
        .hasMessageEndingWith("it is not a JPEG, PNG, GIF, BMP or WebP picture");
  }

  /** Reads a picture, and says what came of it. */
  static final class Reader {
    private Reader() {}

    public static void main(String[] args) {
      try {
        RgbImage.read(Path.of(args[0]));
      } catch (OutOfMemoryError _) {
        Runtime.getRuntime().halt(3);
      }
    }
  }

  /** The JDK hides the error in an exception, as if the picture were damaged. */
  @Test
  void whereMemoryIsShortThePictureIsNotBlamed() throws Exception {
    BufferedImage large = new BufferedImage(4000, 4000, BufferedImage.TYPE_3BYTE_BGR);
    Path file = dir.resolve("large.png");
    ImageIO.write(large, "png", file.toFile());
    assertThat(exitOfReading(file, "-Xmx32m")).isEqualTo(3);
    assertThat(exitOfReading(file, "-Xmx256m")).isZero();
  }

  private static int exitOfReading(Path file, String heap) throws Exception {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            heap,
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            Reader.class.getName(),
            file.toString())
        .inheritIO()
        .start()
        .waitFor();
  }

  /** Some hundred bytes that ask for gigabytes are refused before any of them is taken. */
  @Test
  void decompressionBombsAreRefused() throws IOException {
    byte[] png = Files.readAllBytes(picture("gray1.png"));
    ByteBuffer.wrap(png).putInt(16, 40_000).putInt(20, 30_000);
    assertThatThrownBy(() -> RgbImage.read(file(png)))
        .isInstanceOf(JditException.class)
        .hasMessageEndingWith("it has 40000 x 30000 pixels, more than 178956970");

    byte[] jpeg = Files.readAllBytes(picture("gray.jpg"));
    int frame = 2;
    while (jpeg[frame + 1] != (byte) 0xc0) {
      frame += 2 + ByteBuffer.wrap(jpeg).getChar(frame + 2);
    }
    ByteBuffer.wrap(jpeg).putChar(frame + 5, (char) 60_000).putChar(frame + 7, (char) 50_000);
    assertThatThrownBy(() -> RgbImage.read(file(jpeg)))
        .hasMessageContaining("50000 x 60000 pixels");

    byte[] gif = Files.readAllBytes(picture("plain.gif"));
    Arrays.fill(gif, 6, 10, (byte) 0xff);
    assertThatThrownBy(() -> RgbImage.read(file(gif))).hasMessageContaining("65535 x 65535 pixels");
  }

  @Test
  void mirroringSwapsLeftAndRight() {
    RgbImage image = RgbImage.of(3, 2, bytes(0, 18));
    assertThat(image.flipped().toBytes())
        .containsExactly(6, 7, 8, 3, 4, 5, 0, 1, 2, 15, 16, 17, 12, 13, 14, 9, 10, 11);
    assertThat(image.flipped().flipped().toBytes()).isEqualTo(image.toBytes());
  }

  @Test
  void itsBytesAreItsOwn() {
    byte[] bytes = bytes(0, 3);
    RgbImage image = RgbImage.of(1, 1, bytes);
    bytes[0] = 9;
    image.toBytes()[1] = 9;
    assertThat(image.toBytes()).containsExactly(0, 1, 2);
    assertThatThrownBy(() -> RgbImage.of(2, 1, bytes)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void picturesInMemoryKeepTheirLevels() {
    int[] types = {
      BufferedImage.TYPE_INT_RGB,
      BufferedImage.TYPE_INT_ARGB,
      BufferedImage.TYPE_3BYTE_BGR,
      BufferedImage.TYPE_4BYTE_ABGR
    };
    for (int type : types) {
      BufferedImage image = new BufferedImage(2, 1, type);
      image.setRGB(1, 0, 0xff0102fe);
      assertThat(RgbImage.of(image).toBytes()).containsExactly(0, 0, 0, 1, 2, 0xfe);
    }
    BufferedImage blended = new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB_PRE);
    assertThatThrownBy(() -> RgbImage.of(blended)).isInstanceOf(IllegalArgumentException.class);
  }

  /** All 256 levels, against the formula in float as torchvision computes it. */
  @Test
  void normalisedNumbersArePlanesFromMinusOneToOne() {
    float[] target = new float[2 + 3 * 256];
    byte[] rgb = new byte[3 * 256];
    for (int i = 0; i < 256; i++) {
      rgb[3 * i] = (byte) i;
      rgb[3 * i + 1] = (byte) (255 - i);
    }
    RgbImage.of(32, 8, rgb).normalised(target, 2);
    for (int i = 0; i < 256; i++) {
      assertThat(target[2 + i]).isEqualTo((i / 255f - 0.5f) / 0.5f);
      assertThat(target[2 + 256 + i]).isEqualTo(target[2 + 255 - i]);
      assertThat(target[2 + 512 + i]).isEqualTo(-1f);
    }
    assertThat(target[2 + 255]).isEqualTo(1f);
    assertThat(target[1]).isZero();
  }

  private static byte[] bytes(int from, int to) {
    byte[] bytes = new byte[to - from];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (from + i);
    }
    return bytes;
  }
}
