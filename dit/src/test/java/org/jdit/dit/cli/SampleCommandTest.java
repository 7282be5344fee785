package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.Npy;
import org.jdit.tensor.io.Safetensors;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.testkit.TestBackend;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The main job: the command of the reference draws the picture that the official code drew. */
class SampleCommandTest {
  private static final Path E2E = Run.resource("e2e");

  @TempDir private Path dir;

  private Run sample(Object... more) {
    return sampleFrom(E2E.resolve("dit.pt"), more);
  }

  private Run sampleFrom(Path weights, Object... more) {
    List<Object> args =
        new ArrayList<>(
            List.of(
                "sample",
                "--ckpt",
                weights,
                "--num-heads",
                2,
                "--vae",
                E2E.resolve("vae"),
                "--class-labels",
                "1,7,3,9",
                "--num-sampling-steps",
                10,
                "--seed",
                0,
                "--cfg-scale",
                "4.0",
                "--out",
                dir.resolve("sample.png")));
    args.addAll(List.of(more));
    return Run.jdit(args.toArray());
  }

  @Test
  void reducedPrecisionIsNearAndSaid() throws IOException {
    Path latents = dir.resolve("latents.npy");
    Run run = sample("--save-latents", latents, "--precision", "bf16");
    assertThat(run.code()).as(run.err()).isZero();
    try (TensorScope scope = TensorScope.open(new Memory())) {
      double[] exact = Npy.map(E2E.resolve("expected_latents.npy"), scope).toDoubles();
      double[] rounded = Npy.map(latents, scope).toDoubles();
      double signal = 0;
      double error = 0;
      for (int i = 0; i < exact.length; i++) {
        signal += exact[i] * exact[i];
        error += Math.pow(rounded[i] - exact[i], 2);
      }
      // Ten guided steps through a network whose factors are off by 2^-9, scale 4.
      assertThat(Math.sqrt(error / signal)).isBetween(1e-4, 2e-2);
    }
    assertThat(Files.readString(dir.resolve("sample.png"), StandardCharsets.ISO_8859_1))
        .contains("precision")
        .contains("bf16");
  }

  @Test
  @Tag("ladder")
  void drawsThePictureOfTheOfficialCode() throws IOException {
    Path latents = dir.resolve("latents.npy");
    Run run = sample("--save-latents", latents, "--backend", TestBackend.NAME);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("sample.png: 4 images of 16x16");
    try (TensorScope scope = TensorScope.open(new Memory())) {
      // Rounding grows over ten guided steps: 1.3e-6 between float32 and float64 of the reference,
      // 2.5e-6 between two releases of torch.
      Tolerance.relToMax(5e-5)
          .assertClose(
              "latents",
              Npy.map(latents, scope),
              Npy.map(E2E.resolve("expected_latents.npy"), scope));
    }
    BufferedImage expected = ImageIO.read(E2E.resolve("expected.png").toFile());
    BufferedImage drawn = ImageIO.read(dir.resolve("sample.png").toFile());
    assertThat(drawn.getWidth()).isEqualTo(expected.getWidth());
    assertThat(drawn.getHeight()).isEqualTo(expected.getHeight());
    for (int y = 0; y < drawn.getHeight(); y++) {
      for (int x = 0; x < drawn.getWidth(); x++) {
        for (int shift = 0; shift <= 16; shift += 8) {
          int a = drawn.getRGB(x, y) >> shift & 0xff;
          int b = expected.getRGB(x, y) >> shift & 0xff;
          // A value next to a rounding boundary may fall on its other side.
          assertThat(Math.abs(a - b)).as("pixel %d, %d", x, y).isLessThanOrEqualTo(1);
        }
      }
    }
  }

  /** What a file holds in two bytes an element stays so in memory, which is no other network. */
  @ParameterizedTest
  @ValueSource(strings = {"f16", "bf16"})
  void aFileInTwoBytesSamplesAsTheSameNumbersInFloat32(String type) throws IOException {
    Path narrow = dir.resolve("narrow.safetensors");
    Path wide = dir.resolve("wide.safetensors");
    assertThat(Run.jdit("convert", E2E.resolve("dit.pt"), narrow, "--dtype", type).code()).isZero();
    assertThat(Run.jdit("convert", narrow, wide, "--dtype", "f32").code()).isZero();
    assertThat(Files.size(narrow)).isLessThan(Files.size(wide) * 6 / 10);
    List<byte[]> latents = new ArrayList<>();
    for (Path weights : List.of(narrow, wide)) {
      for (String precision : List.of("fp32", "bf16x3")) {
        Path out = dir.resolve("latents.npy");
        Run run = sampleFrom(weights, "--precision", precision, "--save-latents", out);
        assertThat(run.code()).as(run.err()).isZero();
        latents.add(Files.readAllBytes(out));
      }
    }
    assertThat(latents.get(0)).isEqualTo(latents.get(2)).isNotEqualTo(latents.get(1));
    assertThat(latents.get(1)).isEqualTo(latents.get(3));
  }

  @Test
  void keepsTheParametersInThePicture() throws IOException {
    Run run = sample("--json");
    JsonNode report = JsonMapper.shared().readTree(run.out());
    assertThat(report.get("seed").asInt()).isZero();
    assertThat(report.get("cfg_channels").asInt()).isEqualTo(3);
    assertThat(report.get("seconds_per_step").asDouble()).isPositive();
    String file = Files.readString(dir.resolve("sample.png"), StandardCharsets.ISO_8859_1);
    assertThat(file)
        .contains("tEXtparameters\0{\"jdit\":")
        .contains("\"class_labels\":[1,7,3,9]")
        .contains("\"checkpoint\":\"dit.pt\"");
  }

  @Test
  void anImageDoesNotDependOnTheBatchOrTheThreads() throws IOException {
    byte[] expected = latentsOf("--batch", 0);
    assertThat(latentsOf("--batch", 1)).isEqualTo(expected);
    assertThat(latentsOf("--batch", 3)).isEqualTo(expected);
    assertThat(latentsOf("--threads", 1)).isEqualTo(expected);
    assertThat(latentsOf("--threads", 3)).isEqualTo(expected);
  }

  private byte[] latentsOf(Object... more) throws IOException {
    Path latents = dir.resolve("latents.npy");
    List<Object> args = new ArrayList<>(List.of(more));
    args.addAll(List.of("--save-latents", latents, "--num-sampling-steps", 4));
    List<Object> all = new ArrayList<>(List.of("sample", "--ckpt", E2E.resolve("dit.pt")));
    all.addAll(
        List.of(
            "--num-heads",
            2,
            "--vae",
            E2E.resolve("vae"),
            "--class-labels",
            "1,7,3,9",
            "--out",
            dir.resolve("sample.png")));
    all.addAll(args);
    Run run = Run.jdit(all.toArray());
    assertThat(run.code()).as(run.err()).isZero();
    return Files.readAllBytes(latents);
  }

  /** The network is random and does not denoise, so latents may grow, but not without end. */
  @Test
  void everySamplerSamplesFiniteLatents() throws IOException {
    for (String sampler : new SamplingOptions.SamplerNames()) {
      latentsOf("--sampler", sampler);
      try (TensorScope scope = TensorScope.open(new Memory())) {
        Tensor latents = Npy.map(dir.resolve("latents.npy"), scope);
        assertThat(latents.shape()).isEqualTo(Shape.of(4, 4, 8, 8));
        Set<Float> values = new HashSet<>();
        for (float value : latents.toFloats()) {
          assertThat(Math.abs(value)).as(sampler).isLessThan(1000);
          values.add(value);
        }
        assertThat(values).as(sampler).hasSizeGreaterThan(1000);
      }
    }
  }

  /** What cost hours is kept even if the picture cannot be written, here for its long name. */
  @Test
  void latentsAreWrittenBeforeThePicture() {
    Path latents = dir.resolve("latents.npy");
    Path png = dir.resolve("a".repeat(300) + ".png");
    Run run =
        Run.jdit(
            "sample",
            "--ckpt",
            E2E.resolve("dit.pt"),
            "--num-heads",
            2,
            "--vae",
            E2E.resolve("vae"),
            "--num-sampling-steps",
            2,
            "--save-latents",
            latents,
            "--out",
            png);
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("cannot write");
    assertThat(latents).exists();
  }

  @Test
  void samplesWithoutGuidanceAndWithGuidanceOnAllChannels() throws IOException {
    byte[] official = latentsOf();
    assertThat(latentsOf("--cfg-scale", 1)).isNotEqualTo(official);
    assertThat(latentsOf("--cfg-channels", "all")).isNotEqualTo(official);
    assertThat(latentsOf("--cfg-channels", 3)).isEqualTo(official);
    assertThat(latentsOf("--cfg-interval", "0,1")).isEqualTo(official);
    assertThat(latentsOf("--cfg-interval", "0.2,0.6")).isNotEqualTo(official);
  }

  @Test
  void animatesTheSteps() throws IOException {
    Path gif = dir.resolve("steps.gif");
    assertThat(sample("--frames", gif).code()).isZero();
    ImageReader reader = ImageIO.getImageReadersByFormatName("gif").next();
    try (ImageInputStream in = ImageIO.createImageInputStream(gif.toFile())) {
      reader.setInput(in);
      assertThat(reader.getNumImages(true)).isEqualTo(10);
    }
  }

  @Test
  void dumpsTheInnerValues() {
    Path dump = dir.resolve("activations.safetensors");
    assertThat(sample("--dump-activations", dump).code()).isZero();
    try (TensorFile file = Safetensors.open(dump)) {
      assertThat(file.tensors().keySet())
          .contains(
              "x", "t", "y", "out", "x_embedder", "blocks.0.attn.qkv", "blocks.1", "final_layer");
      assertThat(file.tensors().get("out").shape().toArray()).containsExactly(2, 8, 8, 8);
    }
  }
}
