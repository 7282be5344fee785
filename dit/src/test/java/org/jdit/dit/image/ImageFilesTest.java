package org.jdit.dit.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.junit.jupiter.api.Test;

/** Written files are read back with the same pixels and texts. */
class ImageFilesTest {
  private static BufferedImage image(int seed) {
    BufferedImage image = new BufferedImage(13, 7, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 13 * 7; i++) {
      image.setRGB(i % 13, i / 13, (i + seed) * 2731 & 0xffffff);
    }
    return image;
  }

  @Test
  void pngKeepsPixelsAndTexts() throws IOException {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    Png.write(image(1), Map.of("parameters", "{\"seed\":0}", "note", "Füchse — 狐"), file);
    BufferedImage back = ImageIO.read(new ByteArrayInputStream(file.toByteArray()));
    for (int i = 0; i < 13 * 7; i++) {
      assertThat(back.getRGB(i % 13, i / 13)).isEqualTo(image(1).getRGB(i % 13, i / 13));
    }
    String latin = file.toString(StandardCharsets.ISO_8859_1);
    assertThat(latin).contains("tEXtparameters\0{\"seed\":0}").contains("iTXtnote\0");
    assertThat(file.toString(StandardCharsets.UTF_8)).contains("Füchse — 狐");
  }

  @Test
  void gifKeepsFramesTimesAndLoop() throws IOException {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try (AnimatedGif gif = new AnimatedGif(file)) {
      for (int i = 0; i < 3; i++) {
        gif.add(image(i), 10 * (i + 1));
      }
    }
    assertThat(file.toString(StandardCharsets.ISO_8859_1)).contains("NETSCAPE2.0");
    ImageReader reader = ImageIO.getImageReadersByFormatName("gif").next();
    try (ImageInputStream in =
        ImageIO.createImageInputStream(new ByteArrayInputStream(file.toByteArray()))) {
      reader.setInput(in);
      assertThat(reader.getNumImages(true)).isEqualTo(3);
      assertThat(reader.read(2).getWidth()).isEqualTo(13);
      assertThat(
              ((org.w3c.dom.Element)
                      ((org.w3c.dom.Element)
                              reader.getImageMetadata(2).getAsTree("javax_imageio_gif_image_1.0"))
                          .getElementsByTagName("GraphicControlExtension")
                          .item(0))
                  .getAttribute("delayTime"))
          .isEqualTo("30");
    }
  }
}
