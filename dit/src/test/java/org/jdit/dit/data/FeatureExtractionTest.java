package org.jdit.dit.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jdit.dit.data.FeatureExtraction.Format;
import org.jdit.dit.data.FeatureExtraction.Settings;
import org.jdit.dit.image.CenterCrop;
import org.jdit.dit.image.RgbImage;
import org.jdit.dit.sample.Model;
import org.jdit.dit.vae.AutoencoderKl;
import org.jdit.dit.vae.Posterior;
import org.jdit.nn.Weights;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.Npy;
import org.jdit.tensor.io.Safetensors;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Backends;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Features are those of each picture alone, however the extraction went. */
class FeatureExtractionTest {
  private static final int SIDE = 16;
  private static final Shape LATENTS = Shape.of(4, 8, 8);
  private static final int EACH = 256;

  @TempDir private Path dir;

  private final Backend backend = Backends.cpu();
  private final Model.Autoencoder vae = sharp();
  private ImageFolder folder;

  /** The small autoencoder, whose deviations are near 1, with some of them an eighth of that. */
  private static Model.Autoencoder sharp() {
    Model.Autoencoder vae = Model.openAutoencoder(Path.of("src/test/resources/e2e/vae"));
    return new Model.Autoencoder(new Sharp(vae.weights()), vae.config());
  }

  private record Sharp(TensorFile file) implements TensorFile {
    @Override
    public String source() {
      return file.source();
    }

    @Override
    public Map<String, String> metadata() {
      return file.metadata();
    }

    @Override
    public Map<String, Spec> tensors() {
      return file.tensors();
    }

    @Override
    public Tensor map(String name, TensorScope scope) {
      Tensor t = file.map(name, scope);
      if (!name.equals("quant_conv.bias")) {
        return t;
      }
      float[] bias = t.toFloats();
      for (int i = 5; i < bias.length; i++) {
        bias[i] -= 4.16f;
      }
      return scope.of(t.shape(), bias);
    }

    @Override
    public void close() {
      file.close();
    }
  }

  @BeforeEach
  void draw() throws IOException {
    folder = Drawn.folder(dir.resolve("drawings"), 1);
  }

  @AfterEach
  void close() {
    vae.close();
    backend.close();
  }

  private static Settings settings(Format format) {
    return new Settings(format, SIDE, 5, 7);
  }

  private FeatureExtraction extraction(Settings settings, int batch, int workers) {
    return new FeatureExtraction(backend, vae, folder, settings, batch, workers);
  }

  /** Extracts all, and says how many it encoded. */
  private int extract(Settings settings, int batch, int workers, String to) {
    return extraction(settings, batch, workers).run(dir.resolve(to), _ -> {});
  }

  /** Mean, then standard deviation, of one picture's latents, encoded by itself. */
  private List<float[]> alone(RgbImage picture) {
    Program program =
        Program.trace(
            t -> {
              Posterior p =
                  new AutoencoderKl(vae.config(), Weights.params(t))
                      .encode(t.input("x", Spec.f32(1, 3, SIDE, SIDE)));
              t.output("mean", p.mean());
              t.output("std", p.std());
            });
    float[] numbers = new float[3 * SIDE * SIDE];
    picture.normalised(numbers, 0);
    try (Resident resident = backend.newResident();
        Executable executable = backend.compile(program, resident);
        TensorScope scope = TensorScope.open(backend.memory())) {
      AutoencoderKl.stateDict(vae.config()).load(vae.weights(), resident, backend.memory());
      Map<String, Tensor> out =
          executable.run(Map.of("x", scope.of(Shape.of(1, 3, SIDE, SIDE), numbers)), scope);
      return List.of(out.get("mean").toFloats(), out.get("std").toFloats());
    }
  }

  private RgbImage cropped(int i) {
    return CenterCrop.of(RgbImage.read(folder.examples().get(i).file()), SIDE);
  }

  @Test
  void shardsHoldThePosteriorOfEachPictureAndOfItsMirrorImage() {
    assertThat(extract(settings(Format.SAFETENSORS), 3, 2, "features")).isEqualTo(12);
    for (int i = 0; i < 12; i++) {
      List<float[]> expected = new ArrayList<>(alone(cropped(i)));
      expected.addAll(alone(cropped(i).flipped()));
      try (TensorFile file = Safetensors.open(LatentShards.file(dir.resolve("features"), i / 5));
          TensorScope scope = TensorScope.open(new Memory())) {
        List<String> names = List.of("mean", "std", "mean_flipped", "std_flipped");
        for (int t = 0; t < names.size(); t++) {
          assertThat(file.map(names.get(t), scope).slice(0, i % 5, 1).toFloats())
              .as("%s of picture %d", names.get(t), i)
              .isEqualTo(expected.get(t));
        }
      }
    }
    try (LatentShards set = LatentShards.open(dir.resolve("features"), true)) {
      assertThat(set.size()).isEqualTo(12);
      assertThat(set.numClasses()).isEqualTo(12);
      assertThat(set.shape()).isEqualTo(LATENTS);
      assertThat(IntStream.range(0, 12).map(set::label))
          .isEqualTo(IntStream.range(0, 12).boxed().toList());
    }
  }

  /** Noise that is worked out of the features is standard normal, and knows one of two views. */
  @Test
  void arraysAreDrawnFromThePosteriorOfOneOfTheViews() {
    extract(settings(Format.NPY), 5, 1, "features");
    double sum = 0;
    double squares = 0;
    int mirrored = 0;
    FeatureFolder set = FeatureFolder.open(dir.resolve("features"));
    assertThat(set.shape()).isEqualTo(LATENTS);
    for (int i = 0; i < 12; i++) {
      Path file = dir.resolve("features/imagenet16_features/%d.npy".formatted(i));
      Path label = dir.resolve("features/imagenet16_labels/%d.npy".formatted(i));
      float[] feature = new float[EACH];
      set.read(i, new SplittableRandom(0), feature, 0);
      try (TensorScope scope = TensorScope.open(new Memory())) {
        Tensor stored = Npy.map(file, scope);
        assertThat(stored.spec()).isEqualTo(Spec.f32(1, 4, 8, 8));
        assertThat(stored.toFloats()).isEqualTo(feature);
        assertThat(Npy.map(label, scope).spec()).isEqualTo(Spec.i64(1));
        assertThat(Npy.map(label, scope).toLongs()).containsExactly(i);
      }
      assertThat(set.label(i)).isEqualTo(i);
      double[] plain = noise(feature, alone(cropped(i)));
      double[] flipped = noise(feature, alone(cropped(i).flipped()));
      boolean isFlipped = squares(flipped) < squares(plain);
      mirrored += isFlipped ? 1 : 0;
      for (double z : isFlipped ? flipped : plain) {
        sum += z;
      }
      squares += squares(isFlipped ? flipped : plain);
    }
    int n = 12 * EACH;
    // Five standard deviations of the mean, and of the variance, of n standard normal numbers.
    assertThat(sum / n).isCloseTo(0, within(5 / Math.sqrt(n)));
    assertThat(squares / n).isCloseTo(1, within(5 * Math.sqrt(2.0 / n)));
    assertThat(mirrored).isBetween(1, 11);
  }

  private double[] noise(float[] feature, List<float[]> posterior) {
    return IntStream.range(0, EACH)
        .mapToDouble(
            k ->
                (feature[k] / vae.config().scalingFactor() - posterior.get(0)[k])
                    / posterior.get(1)[k])
        .toArray();
  }

  private static double squares(double... numbers) {
    double sum = 0;
    for (double z : numbers) {
      sum += z * z;
    }
    return sum;
  }

  @ParameterizedTest
  @EnumSource
  void theBytesDependNeitherOnBatchNorOnWorkers(Format format) throws IOException {
    extract(settings(format), 1, 1, "a");
    extract(settings(format), 4, 3, "b");
    extract(settings(format), 32, 2, "c");
    Map<String, String> expected = Drawn.files(dir.resolve("a"));
    assertThat(expected).hasSize(format == Format.NPY ? 25 : 4);
    assertThat(Drawn.files(dir.resolve("b"))).isEqualTo(expected);
    assertThat(Drawn.files(dir.resolve("c"))).isEqualTo(expected);
  }

  @ParameterizedTest
  @EnumSource
  void whatWasStoppedGoesOnToTheSameBytes(Format format) throws IOException {
    extract(settings(format), 2, 1, "whole");
    Path stopped = dir.resolve("stopped");
    FeatureExtraction extraction = extraction(settings(format), 2, 2);
    assertThatThrownBy(
            () ->
                extraction.run(
                    stopped,
                    done -> {
                      if (done >= 7) {
                        throw new IllegalStateException("stop");
                      }
                    }))
        .hasMessage("stop");
    assertThatThrownBy(
            () -> {
              if (format == Format.NPY) {
                FeatureFolder.open(stopped);
              } else {
                LatentShards.open(stopped, true).close();
              }
            })
        .isInstanceOf(JditException.class)
        .hasMessageEndingWith("finish the extraction with the same command");
    if (format == Format.NPY) {
      Files.delete(stopped.resolve("imagenet16_labels/3.npy"));
    }
    List<Integer> heard = new ArrayList<>();
    // Complete files are kept: one shard of 5, or batches of 2 up to the eighth picture less one.
    int kept = format == Format.NPY ? 7 : 5;
    assertThat(extraction(settings(format), 3, 2).run(stopped, heard::add)).isEqualTo(12 - kept);
    assertThat(heard).startsWith(kept).endsWith(12);
    assertThat(Drawn.files(stopped)).isEqualTo(Drawn.files(dir.resolve("whole")));
    assertThat(extraction(settings(format), 3, 2).run(stopped, heard::add)).isZero();
  }

  @Test
  void anotherSeedDrawsOtherArrays() throws IOException {
    extract(settings(Format.NPY), 4, 1, "a");
    extract(new Settings(Format.NPY, SIDE, 5, 8), 4, 1, "b");
    Map<String, String> a = Drawn.files(dir.resolve("a"));
    Map<String, String> b = Drawn.files(dir.resolve("b"));
    assertThat(a.keySet()).isEqualTo(b.keySet());
    a.forEach(
        (file, bytes) -> {
          if (file.contains("_features")) {
            assertThat(b.get(file)).as(file).isNotEqualTo(bytes);
          }
        });
  }

  @Test
  void otherSettingsAreNamedAndRefused() throws IOException {
    extract(settings(Format.SAFETENSORS), 4, 1, "features");
    Map<String, String> before = Drawn.files(dir.resolve("features"));
    assertThatThrownBy(() -> extract(new Settings(Format.SAFETENSORS, 32, 6, 9), 4, 1, "features"))
        .isInstanceOf(JditException.class)
        .hasMessage(
            dir.resolve("features")
                + " was begun with other settings: image-size was 16, now 32; per-file was 5, now"
                + " 6; go on with those, or choose another folder");
    assertThatThrownBy(() -> extract(settings(Format.NPY), 4, 1, "features"))
        .hasMessageContaining("format was safetensors, now npy");
    Files.delete(folder.examples().getLast().file());
    Files.copy(
        folder.examples().getFirst().file(),
        folder.examples().getLast().file().resolveSibling("other.png"));
    folder = ImageFolder.of(folder.root());
    assertThatThrownBy(() -> extract(settings(Format.SAFETENSORS), 4, 1, "features"))
        .hasMessageContaining("other settings: data was ");
    assertThat(Drawn.files(dir.resolve("features"))).isEqualTo(before);
  }

  @Test
  void otherPicturesOfTheSameNamesAreRefused() throws IOException {
    extract(settings(Format.SAFETENSORS), 4, 1, "features");
    Files.delete(LatentShards.file(dir.resolve("features"), 1));
    Path changed = folder.examples().get(6).file();
    Files.copy(folder.examples().get(1).file(), changed, StandardCopyOption.REPLACE_EXISTING);
    assertThatThrownBy(() -> extract(settings(Format.SAFETENSORS), 4, 1, "features"))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("other settings: data was ");
    assertThat(LatentShards.file(dir.resolve("features"), 1)).doesNotExist();
  }

  @ParameterizedTest
  @EnumSource
  void whetherAllIsThereIsKnownWithoutReading(Format format) throws IOException {
    Path features = dir.resolve("features");
    FeatureExtraction extraction = extraction(settings(format), 4, 1);
    assertThat(extraction.isComplete(features, false)).isFalse();
    assertThat(features).doesNotExist();
    extraction.run(features, _ -> {});
    assertThat(extraction.isComplete(features, false)).isTrue();
    assertThat(extraction.isComplete(features, true)).isFalse();
    Path one =
        format == Format.NPY
            ? features.resolve("imagenet16_labels/3.npy")
            : LatentShards.file(features, 2);
    Files.delete(one);
    assertThat(extraction.isComplete(features, false)).isFalse();
    assertThatThrownBy(
            () -> extraction(new Settings(format, 32, 5, 7), 4, 1).isComplete(features, true))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("image-size was 16, now 32");
    assertThatThrownBy(
            () -> extraction(new Settings(format, 17, 5, 7), 4, 1).isComplete(features, true))
        .hasMessageContaining("17 is no multiple of 2");
    assertThatThrownBy(() -> extraction.isComplete(folder.root(), false))
        .hasMessageContaining("holds files of something else");
    assertThatThrownBy(() -> extraction.isComplete(folder.examples().getFirst().file(), false))
        .hasMessageContaining("it is a file");
  }

  /** What a killed writer of its record left does not make a folder one of something else. */
  @Test
  void leftoversAreNothingElse() throws IOException {
    Path left = Files.createDirectories(dir.resolve("features/.jdit-0.tmp"));
    Files.writeString(left.resolve("half"), "half");
    assertThat(extract(settings(Format.SAFETENSORS), 4, 1, "features")).isEqualTo(12);
  }

  @Test
  void filesOfSomethingElseAreLeftAlone() throws IOException {
    Path taken = Files.createDirectories(dir.resolve("taken/imagenet256_features"));
    Files.writeString(taken.resolve("0.npy"), "");
    assertThatThrownBy(() -> extract(settings(Format.NPY), 4, 1, "taken"))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("holds files of something else, such as imagenet256_features/0.npy");
    assertThat(Drawn.files(dir.resolve("taken"))).hasSize(1);
  }

  @Test
  void picturesThatCannotBeReadEndTheExtraction() throws IOException {
    Path bad = folder.examples().get(4).file();
    Files.write(bad, new byte[] {1, 2, 3});
    assertThatThrownBy(() -> extract(settings(Format.SAFETENSORS), 4, 3, "features"))
        .isInstanceOf(JditException.class)
        .hasMessageContaining(bad.toString());
    assertThat(Drawn.files(dir.resolve("features"))).containsOnlyKeys("extraction.json");
  }

  @Test
  void whatIsOutOfRangeIsRefused() {
    assertThatThrownBy(() -> new Settings(Format.NPY, SIDE, 0, 0)).hasMessageContaining("per-file");
    assertThatThrownBy(() -> FeatureExtraction.checkCounts(0, 1, 1)).hasMessageContaining("size");
    assertThatThrownBy(() -> FeatureExtraction.checkCounts(Integer.MAX_VALUE, 1, 1))
        .hasMessageContaining("--image-size is from 1 to 16384");
    assertThatThrownBy(() -> FeatureExtraction.checkCounts(16384, 3, 1))
        .hasMessageContaining("--batch is from 1 to 2");
    assertThatThrownBy(() -> FeatureExtraction.checkCounts(256, 1, 0))
        .hasMessageContaining("--num-workers");
    assertThatThrownBy(() -> extract(new Settings(Format.NPY, 17, 1, 0), 1, 1, "features"))
        .hasMessageContaining("17 is no multiple of 2");
    assertThat(dir.resolve("features")).doesNotExist();
  }
}
