package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.jdit.dit.demo.DemoDrawings;
import org.jdit.dit.demo.DemoModel;
import org.jdit.dit.model.DiT;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.Space;
import org.jdit.dit.sample.Model;
import org.jdit.nn.StateDict;
import org.jdit.tensor.DType;
import org.jdit.tensor.io.Npy;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code jdit sample} without a checkpoint draws with the model in the box, and says so. */
class DemoModelTest {
  @TempDir private Path dir;

  private BufferedImage picture(Path file) throws IOException {
    return ImageIO.read(file.toFile());
  }

  @Test
  void itIsASmallNetworkOnPixelsForTheDrawings() {
    try (Model model = DemoModel.open()) {
      DiTConfig config = model.recognition().config();
      assertThat(model.recognition().space()).isEqualTo(Space.PIXEL);
      assertThat(model.recognition().assumptions()).isEmpty();
      assertThat(model.autoencoder()).isEmpty();
      assertThat(config.numClasses()).isEqualTo(DemoDrawings.CLASSES.size());
      assertThat(config.inChannels()).isEqualTo(3);
      StateDict weights = DiT.stateDict(config);
      weights.check(model.dit());
      assertThat(weights.parameters()).isLessThan(3_000_000);
      assertThat(model.dit().tensors().values()).allMatch(s -> s.dtype() == DType.F16);
    }
  }

  @Test
  void withoutACheckpointItDrawsClassesByName() throws IOException {
    Path png = dir.resolve("cat.png");
    Run run = Run.jdit("sample", "--class-labels", "cat, House", "--out", png);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.err()).contains("demo model").contains("--ckpt official");
    // Two images of 32 pixels with borders of 2, each pixel four wide.
    assertThat(picture(png).getWidth()).isEqualTo(4 * (2 * 34 + 2));
    assertThat(picture(png).getHeight()).isEqualTo(4 * (34 + 2));
  }

  @Test
  void columnsAndSizeCanBeChosen() throws IOException {
    Path png = dir.resolve("three.png");
    Run run =
        Run.jdit(
            "sample",
            "--class-labels",
            "0,1,2",
            "--columns",
            2,
            "--enlarge",
            1,
            "--out",
            png,
            "--num-sampling-steps",
            2);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(picture(png).getWidth()).isEqualTo(2 * 34 + 2);
    assertThat(picture(png).getHeight()).isEqualTo(2 * 34 + 2);
  }

  @Test
  void aSeedGivesTheSamePictureWhateverTheBatch() throws IOException {
    List<Object> args = List.of("sample", "--class-labels", "3,4,5", "--num-sampling-steps", 3);
    Path one = dir.resolve("one.png");
    Path all = dir.resolve("all.png");
    assertThat(Run.jdit(with(args, "--batch", 1, "--out", one)).code()).isZero();
    assertThat(Run.jdit(with(args, "--out", all)).code()).isZero();
    BufferedImage a = picture(one);
    BufferedImage b = picture(all);
    assertThat(a.getRGB(0, 0, a.getWidth(), a.getHeight(), null, 0, a.getWidth()))
        .isEqualTo(b.getRGB(0, 0, b.getWidth(), b.getHeight(), null, 0, b.getWidth()));
  }

  @Test
  void inBytesItIsHalfAsLargeAndDrawsNearlyTheSame() throws IOException {
    Path half = dir.resolve("half.safetensors");
    try (InputStream in = DemoModel.class.getResourceAsStream("demo.safetensors")) {
      Files.copy(in, half);
    }
    Path small = dir.resolve("small.safetensors");
    Run converted = Run.jdit("convert", half, small, "--dtype", "int8");
    assertThat(converted.code()).as(converted.err()).isZero();
    assertThat(Files.size(small)).isLessThan(Files.size(half) * 6 / 10);
    List<Object> args = List.of("sample", "--class-labels", "0,4,8");
    List<double[]> pixels = new ArrayList<>();
    for (Path file : List.of(half, small)) {
      Path npy = dir.resolve(file.getFileName() + ".npy");
      Run run =
          Run.jdit(
              with(args, "--ckpt", file, "--save-latents", npy, "--out", dir.resolve("a.png")));
      assertThat(run.code()).as(run.err()).isZero();
      try (TensorScope scope = TensorScope.open(new Memory())) {
        pixels.add(Npy.map(npy, scope).toDoubles());
      }
    }
    double error = 0;
    for (int i = 0; i < pixels.getFirst().length; i++) {
      error += Math.pow(pixels.getFirst()[i] - pixels.getLast()[i], 2);
    }
    // 42 of these three, 33 of all twelve classes, where an edge or two moves: weights are off by
    // up
    // to a 254th of the largest of their row.
    double psnr = 10 * Math.log10(4 * pixels.getFirst().length / error);
    assertThat(psnr).isGreaterThan(28);
  }

  private static Object[] with(List<Object> args, Object... more) {
    List<Object> all = new ArrayList<>(args);
    all.addAll(List.of(more));
    return all.toArray();
  }

  @Test
  void whatDoesNotFitItIsRefused() {
    Run unknown = Run.jdit("sample", "--class-labels", "dog", "--out", dir.resolve("a.png"));
    assertThat(unknown.code()).isEqualTo(2);
    assertThat(unknown.err()).contains("no class is called 'dog'");
    Run vae = Run.jdit("sample", "--vae", "mse", "--out", dir.resolve("a.png"));
    assertThat(vae.code()).isEqualTo(1);
    assertThat(vae.err()).contains("works on pixels and needs no autoencoder");
    Run columns = Run.jdit("sample", "--columns", 0, "--out", dir.resolve("a.png"));
    assertThat(columns.code()).isEqualTo(2);
    assertThat(dir).isEmptyDirectory();
  }
}
