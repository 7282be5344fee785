package org.jdit.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import javax.imageio.ImageIO;
import org.jdit.tensor.io.SafetensorsWriter;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.io.TensorFile;
import org.jdit.weights.Checkpoint;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The quick start of the README runs, and the README shows it as it is. */
class QuickStartTest {
  private static final Path HERE = Path.of("").toAbsolutePath();
  private static final Path ROOT =
      Files.isDirectory(HERE.resolve("docs")) ? HERE : HERE.getParent();
  private static final Path TESTS = ROOT.resolve("dit/src/test");
  private static final Path E2E = TESTS.resolve("resources/e2e");

  @TempDir private Path dir;

  @Test
  void samples() throws IOException {
    // The file says how many heads the network has, as checkpoints written by JDiT do.
    Path checkpoint = dir.resolve("dit.safetensors");
    try (TensorFile dit = Checkpoint.open(E2E.resolve("dit.pt"), Checkpoint.Choice.AUTO)) {
      SafetensorsWriter.write(
          checkpoint,
          Map.of("num_heads", "2"),
          dit.tensors().entrySet().stream()
              .map(e -> TensorEntry.lazy(e.getKey(), e.getValue(), s -> dit.map(e.getKey(), s)))
              .toList());
    }
    Path png = dir.resolve("three.png");
    QuickStart.sample(checkpoint, E2E.resolve("vae"), png);
    assertThat(ImageIO.read(png.toFile()).getWidth()).isEqualTo(3 * (16 + 2) + 2);
  }

  @Test
  void differentiates() {
    // d/dw of sum(gelu(x w)): columns of xᵀ gelu'(x w) with x w = [[1, -2], [3, -4]].
    double[] d = QuickStart.gradient();
    double[] slope = {1.0829640838, -0.0860992566, 1.0115841667, -0.0003351232};
    assertThat(d[0]).isCloseTo(slope[0] + 3 * slope[2], within(1e-5));
    assertThat(d[1]).isCloseTo(slope[1] + 3 * slope[3], within(1e-5));
    assertThat(d[2]).isCloseTo(2 * slope[0] + 4 * slope[2], within(1e-5));
    assertThat(d[3]).isCloseTo(2 * slope[1] + 4 * slope[3], within(1e-5));
  }

  @Test
  void theReadmeShowsIt() throws IOException {
    String readme = Files.readString(ROOT.resolve("README.md"));
    String source = Files.readString(TESTS.resolve("java/org/jdit/example/QuickStart.java"));
    for (String part : new String[] {"sample", "gradient"}) {
      String code = source.split("// \\[" + part + "\\]\n", -1)[1].stripTrailing();
      assertThat(readme).contains(code.stripIndent().strip());
    }
  }
}
