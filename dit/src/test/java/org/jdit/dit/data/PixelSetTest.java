package org.jdit.dit.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jdit.tensor.Shape;
import org.jdit.tensor.testkit.ReferenceData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pictures in files become the numbers that the official training makes of them. */
class PixelSetTest {
  private static final ReferenceData OFFICIAL = ReferenceData.resource("images.safetensors");

  @TempDir private Path dir;

  private static BufferedImage image(String name) {
    List<Integer> dims = OFFICIAL.shape(name).dims();
    long[] levels = OFFICIAL.longs(name);
    BufferedImage image = new BufferedImage(dims.get(1), dims.get(0), BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < levels.length; i += 3) {
      int rgb = (int) (levels[i] << 16 | levels[i + 1] << 8 | levels[i + 2]);
      image.setRGB(i / 3 % dims.get(1), i / 3 / dims.get(1), rgb);
    }
    return image;
  }

  @Test
  void numbersAreThoseOfTheOfficialTransformation() throws IOException {
    List<String> names =
        OFFICIAL.keys().stream().filter(k -> k.endsWith("/tensor")).sorted().toList();
    assertThat(names).hasSize(4);
    for (int i = 0; i < names.size(); i++) {
      Drawn.put(
          dir.resolve("class%d/picture.png".formatted(i)),
          image(names.get(i).replace("/tensor", "/in")));
    }
    ImageFolder folder = ImageFolder.of(dir);
    for (int i = 0; i < names.size(); i++) {
      int side = OFFICIAL.shape(names.get(i)).dim(-1);
      PixelSet set = new PixelSet(folder, side, false);
      assertThat(set.shape()).isEqualTo(Shape.of(3, side, side));
      assertThat(set.numClasses()).isEqualTo(set.size()).isEqualTo(4);
      assertThat(set.label(i)).isEqualTo(i);
      float[] into = new float[3 * side * side + 2];
      set.read(i, new SplittableRandom(0), into, 1);
      assertThat(Arrays.copyOfRange(into, 1, into.length - 1))
          .as(names.get(i))
          .isEqualTo(OFFICIAL.floats(names.get(i)));
    }
  }

  @Test
  void halfOfTheReadsAreMirrored() throws IOException {
    PixelSet set = new PixelSet(Drawn.folder(dir, 1), 16, true);
    float[] plain = new float[3 * 16 * 16];
    float[] mirrored = plain.clone();
    set.picture(3).normalised(plain, 0);
    set.picture(3).flipped().normalised(mirrored, 0);
    assertThat(plain).isNotEqualTo(mirrored);
    SplittableRandom random = new SplittableRandom(1);
    int n = 400;
    int count = 0;
    for (int i = 0; i < n; i++) {
      float[] read = new float[plain.length];
      set.read(3, random, read, 0);
      boolean isMirrored = Arrays.equals(read, mirrored);
      assertThat(isMirrored || Arrays.equals(read, plain)).isTrue();
      count += isMirrored ? 1 : 0;
    }
    assertThat(count).isCloseTo(n / 2, within((int) (5 * Math.sqrt(n) / 2)));
  }

  @Test
  void aSubsetHasTheChosenExamples() throws IOException {
    PixelSet all = new PixelSet(Drawn.folder(dir, 1), 16, true);
    int[] chosen = {7, 2, 11};
    TrainingSet some = all.subset(chosen);
    chosen[0] = 0;
    assertThat(some.size()).isEqualTo(3);
    assertThat(some.numClasses()).isEqualTo(12);
    assertThat(some.shape()).isEqualTo(all.shape());
    List<Integer> labels = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      labels.add(some.label(i));
    }
    assertThat(labels).containsExactly(7, 2, 11);
    float[] a = new float[3 * 16 * 16];
    float[] b = a.clone();
    some.read(1, new SplittableRandom(5), a, 0);
    all.read(2, new SplittableRandom(5), b, 0);
    assertThat(a).isEqualTo(b);
  }

  /** Names, sizes and some of the bytes tell pictures apart; of features, labels and numbers do. */
  @Test
  void setsAreDescribedByWhatTheyHold() throws IOException {
    PixelSet set = new PixelSet(Drawn.folder(dir.resolve("a"), 1), 16, false);
    PixelSet same = new PixelSet(Drawn.folder(dir.resolve("b"), 1), 16, false);
    PixelSet more = new PixelSet(Drawn.folder(dir.resolve("c"), 2), 16, false);
    assertThat(set.describe()).startsWith("12 examples of 12 classes, ");
    assertThat(same.describe()).isEqualTo(set.describe());
    assertThat(more.fingerprint()).isNotEqualTo(set.fingerprint());
    assertThat(set.subset(1, 2).fingerprint()).isEqualTo(same.subset(1, 2).fingerprint());
    assertThat(set.subset(1, 2).fingerprint()).isNotEqualTo(set.subset(2, 1).fingerprint());
    PixelSet small = new PixelSet(set.folder(), 8, false);
    assertThat(set.subset(1, 2).fingerprint()).isNotEqualTo(small.subset(1, 2).fingerprint());
  }

  /** Whether another size tells, or other bytes in pictures that are looked at as a whole. */
  @Test
  void otherPicturesOfTheSameNamesAreOthers() throws IOException {
    PixelSet set = new PixelSet(Drawn.folder(dir, 1), 16, false);
    String before = set.fingerprint();
    Path last = set.folder().examples().getLast().file();
    byte[] picture = Files.readAllBytes(last);
    Files.write(last, Arrays.copyOf(picture, picture.length + 1));
    assertThat(set.fingerprint()).isNotEqualTo(before);
    Files.write(last, picture);
    assertThat(set.fingerprint()).isEqualTo(before);

    Path first = set.folder().examples().getFirst().file();
    byte[] changed = Files.readAllBytes(first);
    changed[changed.length - 1]++;
    Files.write(first, changed);
    assertThat(set.fingerprint()).isNotEqualTo(before);
  }
}
