package org.jdit.dit.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.SafetensorsWriter;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Latents are drawn as their posterior says, and files that do not belong together are refused. */
class LatentShardsTest {
  private static final Shape EXAMPLE = Shape.of(2, 1, 2);
  private static final int EACH = 4;

  @TempDir private Path dir;

  /** Pictures whose number is in their mean, 100 more when mirrored, with a deviation of 1 or 2. */
  private void write(int number, boolean last, int classes, double scaling, long... labels) {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Shape shape = Shape.of(labels.length).plus(EXAMPLE);
      float[] mean = new float[labels.length * EACH];
      float[] mirrored = new float[mean.length];
      for (int i = 0; i < mean.length; i++) {
        mean[i] = number * 10 + i / EACH;
        mirrored[i] = mean[i] + 100;
      }
      float[] one = new float[mean.length];
      Arrays.fill(one, 1);
      float[] two = new float[mean.length];
      Arrays.fill(two, 2);
      List<Tensor> posterior =
          List.of(
              scope.of(shape, mean),
              scope.of(shape, one),
              scope.of(shape, mirrored),
              scope.of(shape, two));
      Tensor of = scope.of(Shape.of(labels.length), labels);
      LatentShards.write(dir, number, posterior, of, classes, scaling, last);
    }
  }

  private void two() {
    write(0, false, 5, 0.5, 0, 1, 2);
    write(1, true, 5, 0.5, 4, 3);
  }

  private void assertRefused(String message) {
    assertThatThrownBy(() -> LatentShards.open(dir, true).close())
        .isInstanceOf(JditException.class)
        .hasMessageContaining(message);
  }

  @Test
  void filesFollowEachOther() {
    assertThat(LatentShards.areIn(dir)).isFalse();
    two();
    assertThat(LatentShards.areIn(dir)).isTrue();
    try (LatentShards set = LatentShards.open(dir, false)) {
      assertThat(set.size()).isEqualTo(5);
      assertThat(set.numClasses()).isEqualTo(5);
      assertThat(set.shape()).isEqualTo(EXAMPLE);
      assertThat(IntStream.range(0, 5).map(set::label).boxed()).containsExactly(0, 1, 2, 4, 3);
      assertThatThrownBy(() -> set.read(5, new SplittableRandom(0), new float[EACH], 0))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void theDrawHasTheMeanAndTheDeviationOfThePosterior() {
    two();
    int n = 20_000;
    try (LatentShards set = LatentShards.open(dir, false)) {
      double[] drawn = draws(set, 4, n);
      // Mean 11 and deviation 1, times 0.5; five standard deviations of their estimates.
      double mean = Arrays.stream(drawn).average().orElseThrow();
      assertThat(mean).isCloseTo(5.5, within(5 * 0.5 / Math.sqrt(drawn.length)));
      double variance =
          Arrays.stream(drawn).map(x -> (x - 5.5) * (x - 5.5)).average().orElseThrow();
      assertThat(variance).isCloseTo(0.25, within(5 * 0.25 * Math.sqrt(2.0 / drawn.length)));
    }
  }

  @Test
  void halfOfTheDrawsAreOfTheMirrorImage() {
    two();
    int n = 10_000;
    try (LatentShards set = LatentShards.open(dir, true)) {
      double[] drawn = draws(set, 0, n);
      double[] mirrored = Arrays.stream(drawn).filter(x -> x > 25).toArray();
      // Both views are far apart, and numbers of an example are of the same view.
      assertThat(mirrored.length % EACH).isZero();
      assertThat(mirrored.length / EACH).isCloseTo(n / 2, within((int) (5 * Math.sqrt(n) / 2)));
      double variance =
          Arrays.stream(mirrored).map(x -> (x - 50) * (x - 50)).average().orElseThrow();
      assertThat(variance).isCloseTo(1, within(5 * Math.sqrt(2.0 / mirrored.length)));
    }
  }

  private static double[] draws(LatentShards set, int index, int n) {
    float[] drawn = new float[n * EACH];
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < n; i++) {
      set.read(index, random, drawn, i * EACH);
    }
    return IntStream.range(0, drawn.length).mapToDouble(i -> drawn[i]).toArray();
  }

  @Test
  void threadsReadTheSame() {
    two();
    try (LatentShards set = LatentShards.open(dir, true)) {
      Function<Integer, List<Float>> read =
          i -> {
            float[] x = new float[EACH];
            set.read(i % 5, new SplittableRandom(i), x, 0);
            return List.of(x[0], x[1], x[2], x[3]);
          };
      List<Integer> numbers = IntStream.range(0, 2000).boxed().toList();
      assertThat(numbers.parallelStream().map(read).toList())
          .isEqualTo(numbers.stream().map(read).toList());
    }
  }

  @Test
  void manyFilesDoNotStayOpen() {
    for (int i = 0; i < 40; i++) {
      write(i, i == 39, 2, 1, 1);
    }
    Path open = Path.of("/proc/self/fd");
    int before = count(open);
    try (LatentShards set = LatentShards.open(dir, false)) {
      assertThat(set.size()).isEqualTo(40);
      assertThat(count(open)).isLessThan(before + 20);
    }
  }

  private static int count(Path directory) {
    String[] names = directory.toFile().list();
    return names == null ? 0 : names.length;
  }

  @Test
  void missingAndSpareFilesAreNamed() throws IOException {
    assertRefused("latents-00000.safetensors does not exist");
    two();
    write(2, true, 5, 0.5, 1);
    assertRefused("latents-00002.safetensors follows a file that says it is the last");
    Files.delete(LatentShards.file(dir, 2));
    Files.delete(LatentShards.file(dir, 1));
    assertRefused("latents-00001.safetensors is missing");
    assertRefused("finish the extraction");
  }

  @Test
  void filesThatDoNotFitAreNamed() {
    write(0, false, 5, 0.5, 0, 1);
    write(1, false, 5, 0.5, 0);
    write(2, true, 5, 0.5, 0);
    assertRefused("latents-00001.safetensors does not fit");
    write(1, true, 5, 0.5, 0, 1, 2);
    assertRefused("latents-00001.safetensors does not fit");
    write(1, true, 6, 0.5, 0);
    assertRefused("latents-00001.safetensors does not fit");
    write(1, true, 5, 0.25, 0);
    assertRefused("latents-00001.safetensors does not fit");
  }

  @Test
  void labelsAndScalingAreChecked() {
    write(0, true, 2, 0.5, 0, 2);
    assertRefused("a label that is none of its 2 classes");
    write(0, true, 2, 0.5, 1L << 40);
    assertRefused("a label that is none of its 2 classes");
    write(0, true, 2, 0.5, -1);
    assertRefused("a label that is none of its 2 classes");
    write(0, true, 2, 0, 1);
    assertRefused("a scaling factor of 0.0");
    write(0, true, 2, Double.NaN, 1);
    assertRefused("a scaling factor of NaN");
    write(0, true, 2, 1);
    assertRefused("latents-00000.safetensors does not fit");
  }

  @Test
  void damagedAndForeignFilesAreNamed() throws IOException {
    two();
    byte[] bytes = Files.readAllBytes(LatentShards.file(dir, 1));
    Files.write(LatentShards.file(dir, 1), Arrays.copyOf(bytes, bytes.length - 1));
    assertRefused("latents-00001.safetensors cannot be read");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor other = scope.zeros(Spec.f32(1, 2));
      SafetensorsWriter.write(
          LatentShards.file(dir, 0), Map.of(), List.of(TensorEntry.of("mean", other)));
    }
    assertRefused("latents-00000.safetensors has mean as");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor some = scope.zeros(Spec.f32(1, 2, 1, 2));
      SafetensorsWriter.write(
          LatentShards.file(dir, 0),
          Map.of("last", "true"),
          List.of(
              TensorEntry.of("mean", some),
              TensorEntry.of("std", some),
              TensorEntry.of("mean_flipped", some),
              TensorEntry.of("std_flipped", some),
              TensorEntry.of("labels", scope.of(Shape.of(1), 0L))));
    }
    Files.delete(LatentShards.file(dir, 1));
    assertRefused("does not say what its latents are");
  }
}
