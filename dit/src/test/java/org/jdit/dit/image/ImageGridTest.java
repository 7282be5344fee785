package org.jdit.dit.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.util.Arrays;
import org.jdit.tensor.Shape;
import org.jdit.tensor.testkit.ReferenceData;
import org.junit.jupiter.api.Test;

/** The grid has torchvision's pixels, exactly. */
class ImageGridTest {
  private static final ReferenceData DATA = ReferenceData.resource("images.safetensors");

  @Test
  void drawsTheGridOfSaveImage() {
    Shape in = DATA.shape("grid/in");
    Shape out = DATA.shape("grid/uint8_hwc");
    BufferedImage grid = ImageGrid.draw(DATA.floats("grid/in"), 6, in.dim(2), in.dim(3), 4);
    assertThat(grid.getHeight()).isEqualTo(out.dim(0));
    assertThat(grid.getWidth()).isEqualTo(out.dim(1));
    double[] levels = DATA.doubles("grid/uint8_hwc");
    for (int y = 0; y < grid.getHeight(); y++) {
      for (int x = 0; x < grid.getWidth(); x++) {
        int at = (y * grid.getWidth() + x) * 3;
        int rgb = (int) levels[at] << 16 | (int) levels[at + 1] << 8 | (int) levels[at + 2];
        assertThat(grid.getRGB(x, y) & 0xffffff).as("pixel %d, %d", x, y).isEqualTo(rgb);
      }
    }
  }

  @Test
  void drawsASingleImageWithoutBorder() {
    float[] images = DATA.floats("grid/in");
    BufferedImage single = ImageGrid.draw(Arrays.copyOf(images, 3 * 5 * 7), 1, 5, 7, 4);
    assertThat(new int[] {single.getWidth(), single.getHeight()}).containsExactly(7, 5);
    float[] unit = DATA.floats("grid/single_float");
    for (int i = 0; i < 35; i++) {
      int red = single.getRGB(i % 7, i / 7) >> 16 & 0xff;
      assertThat(red).isEqualTo((int) Math.clamp(unit[i] * 255f + 0.5f, 0f, 255f));
    }
  }

  @Test
  void refusesNumbersThatAreNoImages() {
    assertThatThrownBy(() -> ImageGrid.draw(new float[11], 1, 2, 2, 4))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
