package org.jdit.dit.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jdit.tensor.testkit.ReferenceData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Crops are, byte for byte, those of the official code on Pillow. */
class CenterCropTest {
  /** Recorded with Pillow 9.4. */
  private static final ReferenceData OFFICIAL = ReferenceData.resource("images.safetensors");

  /** Odd and extreme sizes, recorded with Pillow 12.3. */
  private static final ReferenceData PILLOW = ReferenceData.resource("pillow_crops.safetensors");

  static Stream<String> official() {
    return crops(OFFICIAL);
  }

  static Stream<String> pillow() {
    return crops(PILLOW);
  }

  private static Stream<String> crops(ReferenceData data) {
    return data.keys().stream()
        .filter(key -> key.endsWith("/out") && data.has(key.replace("/out", "/in")))
        .map(key -> key.substring(0, key.length() - "/out".length()));
  }

  private static RgbImage image(ReferenceData data, String key) {
    List<Integer> dims = data.shape(key).dims();
    long[] levels = data.longs(key);
    byte[] rgb = new byte[levels.length];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) levels[i];
    }
    return RgbImage.of(dims.get(1), dims.get(0), rgb);
  }

  private static RgbImage checkedCrop(ReferenceData data, String name) {
    RgbImage expected = image(data, name + "/out");
    RgbImage crop = CenterCrop.of(image(data, name + "/in"), expected.width());
    assertThat(crop.width()).isEqualTo(crop.height()).isEqualTo(expected.width());
    assertThat(crop.toBytes()).isEqualTo(expected.toBytes());
    return crop;
  }

  @ParameterizedTest
  @MethodSource
  void official(String name) {
    RgbImage crop = checkedCrop(OFFICIAL, name);
    float[] numbers = new float[3 * crop.width() * crop.height()];
    crop.normalised(numbers, 0);
    assertThat(numbers).isEqualTo(OFFICIAL.floats(name + "/tensor"));
  }

  @ParameterizedTest
  @MethodSource
  void pillow(String name) {
    checkedCrop(PILLOW, name);
  }

  @Test
  void allRecordsAreRead() {
    assertThat(official()).hasSize(4);
    assertThat(pillow()).hasSize(14);
  }

  /** Scaled as a whole, it would have 51 billion pixels. */
  @Test
  void aVeryLongPictureTakesNoMoreThanItsCrop() {
    int length = 1_000_000;
    byte[] line = new byte[length * 3];
    Arrays.fill(line, (byte) 77);
    assertThat(CenterCrop.of(RgbImage.of(length, 1, line), 224).toBytes()).containsOnly(77);
    assertThat(CenterCrop.of(RgbImage.of(1, length, line), 224).toBytes()).containsOnly(77);
  }

  @Test
  void aCropHasPixels() {
    RgbImage image = RgbImage.of(1, 1, new byte[3]);
    assertThatThrownBy(() -> CenterCrop.of(image, 0)).isInstanceOf(IllegalArgumentException.class);
  }
}
