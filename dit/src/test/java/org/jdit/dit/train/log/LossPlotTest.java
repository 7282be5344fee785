package org.jdit.dit.train.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The curves are where the records say. */
class LossPlotTest {
  private static final int RAW = 0xffa3c1e6;
  private static final int SMOOTH = 0xff1f5fa8;
  private static final int VALIDATION = 0xffd9722b;

  /** Left of the legend, which shows the colours, too. */
  private static final int LEGEND = 700;

  @TempDir private Path dir;

  private static List<Metrics> losses(int count, IntToDoubleFunction loss) {
    return IntStream.range(0, count)
        .mapToObj(i -> new Metrics(100L * i, Map.of(LossPlot.LOSS, loss.applyAsDouble(i))))
        .toList();
  }

  private BufferedImage draw(List<Metrics> records) throws IOException {
    Path file = dir.resolve("loss.png");
    LossPlot.write(file, records);
    assertThat(dir).isDirectoryNotContaining(f -> !f.equals(file));
    BufferedImage image = ImageIO.read(file.toFile());
    assertThat(image.getWidth()).isEqualTo(900);
    assertThat(image.getHeight()).isEqualTo(500);
    return image;
  }

  /** The rows in which a column of pixels has the colour. */
  private static int[] rows(BufferedImage image, int x, int colour) {
    return IntStream.range(0, 500).filter(y -> image.getRGB(x, y) == colour).toArray();
  }

  private static int middle(BufferedImage image, int x, int colour) {
    return (int) Math.round(IntStream.of(rows(image, x, colour)).average().orElseThrow());
  }

  /** Where the raw loss is around a column; its lines are thin, so not every one shows it. */
  private static IntSummaryStatistics noise(BufferedImage image, int x) {
    return IntStream.rangeClosed(x - 5, x + 5)
        .flatMap(near -> IntStream.of(rows(image, near, RAW)))
        .summaryStatistics();
  }

  private static long count(BufferedImage image, int colour) {
    return IntStream.range(0, LEGEND).mapToLong(x -> rows(image, x, colour).length).sum();
  }

  @Test
  void aFallingLossFallsInTheMiddleOfItsNoise() throws IOException {
    BufferedImage image = draw(losses(600, i -> 1 - i / 1000.0 + (i % 2 == 0 ? 0.1 : -0.1)));
    for (int x = 180; x < LEGEND; x += 60) {
      assertThat(middle(image, x, SMOOTH)).isGreaterThan(middle(image, x - 60, SMOOTH));
      IntSummaryStatistics noise = noise(image, x);
      assertThat(middle(image, x, SMOOTH)).isBetween(noise.getMin() + 10, noise.getMax() - 10);
    }
    assertThat(count(image, VALIDATION)).isZero();
  }

  @Test
  void validationIsDrawnWhereItWasMeasured() throws IOException {
    List<Metrics> records =
        Stream.of(100, 200, 300, 400, 500)
            .map(
                step ->
                    new Metrics(
                        step,
                        step % 200 == 0
                            ? Map.of(LossPlot.LOSS, 1.0, LossPlot.VALIDATION_LOSS, 2.0)
                            : Map.of(LossPlot.LOSS, 1.0)))
            .toList();
    BufferedImage image = draw(records);
    assertThat(middle(image, 400, VALIDATION)).isLessThan(middle(image, 400, SMOOTH) - 300);
    assertThat(rows(image, 150, VALIDATION)).isEmpty();
    assertThat(rows(image, 150, SMOOTH)).isNotEmpty();
  }

  /** An exponential decay is a straight line on a logarithmic axis, and only there. */
  @Test
  void aLargeRangeIsDrawnOnALogarithmicAxis() throws IOException {
    assertThat(bend(draw(losses(400, i -> Math.exp(-i / 50.0))))).isBetween(-3, 3);
    assertThat(bend(draw(losses(400, i -> Math.exp(-i / 200.0))))).isGreaterThan(15);
  }

  /** How far the curve hangs below its chord. */
  private static int bend(BufferedImage image) {
    return middle(image, 400, SMOOTH)
        - (middle(image, 200, SMOOTH) + middle(image, 600, SMOOTH)) / 2;
  }

  @Test
  void manyRecordsLookLikeFew() throws IOException {
    BufferedImage few = draw(losses(900, i -> i % 2 + i / 900.0));
    BufferedImage many = draw(losses(90_000, i -> i % 2 + i / 90_000.0));
    for (int x = 120; x < LEGEND; x += 60) {
      assertThat(middle(many, x, SMOOTH)).isCloseTo(middle(few, x, SMOOTH), within(3));
      assertThat(noise(many, x).getMin()).isCloseTo(noise(few, x).getMin(), within(8));
    }
  }

  static Stream<List<Metrics>> oddities() {
    return Stream.of(
        List.of(new Metrics(1, Map.of("lr", 1e-4))), losses(3, _ -> Double.NaN), List.of());
  }

  @ParameterizedTest
  @MethodSource("oddities")
  void withoutALossThereIsNoCurve(List<Metrics> records) throws IOException {
    BufferedImage image = draw(records);
    assertThat(count(image, RAW) + count(image, SMOOTH)).isZero();
  }

  static Stream<List<Metrics>> extremes() {
    return Stream.of(
        losses(1, _ -> 0.5),
        losses(2, _ -> 0.5),
        losses(5, _ -> 0),
        losses(5, i -> i - 2),
        losses(50, i -> Math.pow(10, i)),
        losses(5, i -> i == 2 ? Double.POSITIVE_INFINITY : i == 3 ? 1e300 : 1),
        losses(2001, i -> i));
  }

  @ParameterizedTest
  @MethodSource("extremes")
  void extremesAreDrawn(List<Metrics> records) throws IOException {
    BufferedImage image = draw(records);
    assertThat(count(image, RAW) + count(image, SMOOTH)).isPositive();
  }

  @Test
  void aMissingDirectoryIsNamed() {
    assertThatThrownBy(() -> LossPlot.write(dir.resolve("none/loss.png"), List.of()))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("there is no directory " + dir.resolve("none"));
  }

  /** Draws in a JVM that finds no font, since this one has found some. */
  @EnabledOnOs(OS.LINUX)
  @Test
  void withoutAFontTheMessageSaysWhatToInstall() throws IOException, InterruptedException {
    Path fonts = Files.writeString(dir.resolve("fonts.conf"), "<fontconfig></fontconfig>");
    Path out = dir.resolve("out.txt");
    ProcessBuilder java =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Duser.home=" + dir, // where found fonts are remembered
            "-cp",
            System.getProperty("java.class.path"),
            Drawing.class.getName(),
            dir.resolve("loss.png").toString());
    java.environment().put("FONTCONFIG_FILE", fonts.toString());
    Process process = java.redirectErrorStream(true).redirectOutput(out.toFile()).start();
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(out)
        .content()
        .contains("JditException: cannot draw " + dir.resolve("loss.png"))
        .contains("install fontconfig and a font");
    assertThat(dir.resolve("loss.png")).doesNotExist();
  }

  /** What the other JVM runs. */
  static final class Drawing {
    private Drawing() {}

    static void main(String... file) {
      LossPlot.write(Path.of(file[0]), List.of());
    }
  }
}
