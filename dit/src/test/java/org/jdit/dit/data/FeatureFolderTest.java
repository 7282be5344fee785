package org.jdit.dit.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.io.Npy;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** fast-DiT's folders are paired by name, and what is no such pair is named. */
class FeatureFolderTest {
  @TempDir private Path dir;
  private Path features;
  private Path labels;

  @BeforeEach
  void makeFolders() throws IOException {
    features = Files.createDirectories(dir.resolve("imagenet256_features"));
    labels = Files.createDirectories(dir.resolve("imagenet256_labels"));
  }

  private static void write(Path file, Shape shape, float value) {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      float[] all = new float[Math.toIntExact(shape.numel())];
      Arrays.fill(all, value);
      Npy.write(file, scope.of(shape, all));
    }
  }

  private static void write(Path file, long... label) {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Npy.write(file, scope.of(Shape.of(label.length), label));
    }
  }

  private void put(int number, long label) {
    write(features.resolve(number + ".npy"), Shape.of(1, 4, 2, 3), number);
    write(labels.resolve(number + ".npy"), label);
  }

  private void assertRefused(String message) {
    assertThatThrownBy(() -> FeatureFolder.open(dir))
        .isInstanceOf(JditException.class)
        .hasMessageContaining(message);
  }

  @Test
  void examplesAreInTheOrderOfTheirNumbers() {
    IntStream.range(0, 11).forEach(i -> put(i, 20 - i));
    assertThat(FeatureFolder.isIn(dir)).isTrue();
    FeatureFolder set = FeatureFolder.open(dir);
    assertThat(set.size()).isEqualTo(11);
    assertThat(set.numClasses()).isEqualTo(21);
    assertThat(set.shape()).isEqualTo(Shape.of(4, 2, 3));
    float[] into = new float[26];
    for (int i = 0; i < 11; i++) {
      set.read(i, new SplittableRandom(0), into, 1);
      assertThat(Arrays.copyOfRange(into, 1, 25)).containsOnly(i);
      assertThat(set.label(i)).isEqualTo(20 - i);
    }
    assertThat(into[0]).isZero();
    assertThat(into[25]).isZero();
  }

  @Test
  void foldersThatAreNoneAreNamed() throws IOException {
    assertRefused("imagenet256_features holds no features");
    Files.createDirectory(dir.resolve("more_features"));
    assertRefused("has 2 folders whose names end in _features");
    Files.delete(dir.resolve("more_features"));
    Files.delete(features);
    assertThat(FeatureFolder.isIn(dir)).isFalse();
    assertRefused("has 0 folders whose names end in _features");
    assertThatThrownBy(() -> FeatureFolder.isIn(dir.resolve("none")))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("cannot read the folder");
  }

  @Test
  void labelsAreChecked() throws IOException {
    put(0, 1);
    put(1, -1);
    assertRefused("1.npy holds no label but");
    put(1, 1L << 40);
    assertRefused("1.npy holds no label but");
    write(labels.resolve("1.npy"));
    assertRefused("1.npy holds no label but");
    write(labels.resolve("1.npy"), Shape.of(1), 0.5f);
    assertRefused("1.npy holds no label but");
    Files.delete(labels.resolve("1.npy"));
    assertRefused("1.npy has no label");
  }

  @Test
  void shapesAreChecked() {
    put(0, 1);
    put(1, 1);
    write(features.resolve("1.npy"), Shape.of(1, 4, 2, 2), 0);
    assertRefused("1.npy is [4, 2, 2], the features before it are [4, 2, 3]");
    write(features.resolve("1.npy"), Shape.of(2, 4, 2, 3), 0);
    assertRefused("1.npy is [2, 4, 2, 3], where a feature is [1, C, h, w]");
    // Of the same length, so that it is found when it is read.
    write(features.resolve("1.npy"), Shape.of(1, 4, 3, 2), 0);
    FeatureFolder set = FeatureFolder.open(dir);
    assertThatThrownBy(() -> set.read(1, new SplittableRandom(0), new float[24], 0))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("1.npy is [4, 3, 2], the features before it are [4, 2, 3]");
  }

  @Test
  void filesThatAreNoArraysAreNamed() throws IOException {
    put(0, 1);
    Files.writeString(features.resolve("notes.txt"), "");
    assertThat(FeatureFolder.open(dir).size()).isEqualTo(1);
    Files.writeString(features.resolve("mean.npy"), "");
    assertRefused("mean.npy is named by no number");
    Files.delete(features.resolve("mean.npy"));
    Files.writeString(features.resolve("0.npy"), "no array");
    assertRefused("0.npy cannot be read");
  }
}
