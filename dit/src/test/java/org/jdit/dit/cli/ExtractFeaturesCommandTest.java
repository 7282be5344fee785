package org.jdit.dit.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jdit.dit.data.LatentShards;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** From drawings to features to a training, as a user would go. */
class ExtractFeaturesCommandTest {
  private static final Path VAE = Run.resource("e2e/vae");

  @TempDir private Path dir;
  private Path drawings;

  @BeforeEach
  void draw() {
    drawings = dir.resolve("drawings");
    Run drawn = Run.jdit("dataset", "demo", "--out", drawings, "--per-class", 1, "--size", 32);
    assertThat(drawn.code()).as(drawn.err()).isZero();
  }

  private Run extract(Object... more) {
    return extractOf(drawings, dir.resolve("features"), VAE, 32, more);
  }

  private Run extractOf(Path images, Path features, Path vae, int size, Object... more) {
    List<Object> args =
        new ArrayList<>(
            List.of(
                "extract-features",
                "--data-path",
                images,
                "--features-path",
                features,
                "--vae",
                vae,
                "--image-size",
                size));
    args.addAll(List.of(more));
    return Run.jdit(args.toArray());
  }

  private Run train(Object... more) {
    List<Object> args =
        new ArrayList<>(
            List.of(
                "train",
                "--feature-path",
                dir.resolve("features"),
                "--results-dir",
                dir.resolve("results"),
                "--model",
                "32x1x2/2",
                "--image-size",
                128, // The small autoencoder divides by 2, not by 8: latents of 16 by 16.
                "--max-steps",
                3,
                "--global-batch-size",
                4));
    args.addAll(List.of(more));
    return Run.jdit(args.toArray());
  }

  @ParameterizedTest
  @ValueSource(strings = {"safetensors", "npy"})
  void whatItExtractsCanBeTrainedOn(String format) throws IOException {
    Run run = extract("--format", format, "--per-file", 5, "--batch", 3, "--num-workers", 2);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("features of 12 images of 12 classes, 12 of them encoded now");
    assertThat(run.err()).contains("encoding 100% 12/12");
    Run trained = train();
    assertThat(trained.code()).as(trained.err()).isZero();
    assertThat(trained.out()).contains("Dataset contains 12 images").contains("Done!");
    try (Stream<Path> files = Files.walk(dir.resolve("results"))) {
      assertThat(files).anyMatch(f -> f.getFileName().toString().equals("0000003.pt"));
    }
  }

  @Test
  void aNetworkMayKnowMoreClassesThanTheFeatures() {
    assertThat(extract().code()).isZero();
    Run more = train("--num-classes", 20, "--class-dropout", 0.9);
    assertThat(more.code()).as(more.err()).isZero();
    Run fewer = train("--num-classes", 5);
    assertThat(fewer.code()).isEqualTo(1);
    assertThat(fewer.err()).contains("the data have 12 classes, but the network 5");
  }

  @Test
  void whatIsThereIsNotEncodedAgain() throws IOException {
    assertThat(extract("--per-file", 5).code()).isZero();
    Files.delete(LatentShards.file(dir.resolve("features"), 1));
    Run again = extract("--per-file", 5, "--batch", 2);
    assertThat(again.code()).as(again.err()).isZero();
    assertThat(again.out()).contains("5 of them encoded now");
    Run other = extract("--per-file", 6);
    assertThat(other.code()).isEqualTo(1);
    assertThat(other.err()).contains("other settings: per-file was 5, now 6");
  }

  @Test
  void unreadableImagesAreRefusedOrLeftOut() throws IOException {
    Path bad = drawings.resolve("03_flower/bad.png");
    Files.writeString(bad, "no picture");
    Run refused = extract();
    assertThat(refused.code()).isEqualTo(1);
    assertThat(refused.err()).contains("1 of 13 images cannot be read").contains(bad.toString());
    assertThat(dir.resolve("features")).doesNotExist();
    Run skipped = extract("--skip-unreadable");
    assertThat(skipped.code()).as(skipped.err()).isZero();
    assertThat(skipped.out()).contains("features of 12 images");
  }

  @Test
  void whatCanBeRefusedWithoutReadingIsNotRead() throws IOException {
    assertThat(extract("--per-file", 5).err()).contains("checking images");
    Run complete = extract("--per-file", 5);
    assertThat(complete.code()).as(complete.err()).isZero();
    assertThat(complete.out()).contains("features of 12 images of 12 classes, 0 of them encoded");
    assertThat(complete.err()).doesNotContain("checking images");
    Path images = Files.createDirectories(dir.resolve("images/class")).getParent();
    Files.writeString(images.resolve("class/bad.png"), "no picture");
    Path fresh = dir.resolve("fresh");
    Map<Run, String> refused =
        Map.of(
            extract("--per-file", 6),
            "per-file was 5, now 6",
            extract("--per-file", 7, "--skip-unreadable"),
            "per-file was 5, now 7",
            extractOf(images, fresh, VAE, 33),
            "33 is no multiple of 2",
            extractOf(images, fresh, dir.resolve("none"), 32),
            "does not exist",
            extractOf(images, drawings, VAE, 32),
            "holds files of something else");
    refused.forEach(
        (run, reason) -> {
          assertThat(run.code()).isEqualTo(1);
          assertThat(run.err()).contains(reason).doesNotContain("checking images");
        });
    assertThat(fresh).doesNotExist();
  }

  @Test
  void imagesThatAreLeftOutStayOutWhenItGoesOn() throws IOException {
    Files.writeString(drawings.resolve("03_flower/bad.png"), "no picture");
    assertThat(extract("--skip-unreadable", "--per-file", 5).code()).isZero();
    Files.delete(LatentShards.file(dir.resolve("features"), 1));
    Run again = extract("--skip-unreadable", "--per-file", 5);
    assertThat(again.code()).as(again.err()).isZero();
    assertThat(again.out()).contains("features of 12 images of 12 classes, 5 of them encoded now");
  }

  /** Whether the launcher set a locale or not. */
  @Test
  void namesThatTheLocaleCannotReadAreRefusedInOneSentence() throws Exception {
    Files.move(drawings.resolve("03_flower"), drawings.resolve("03_bl\u00fcte"));
    ProcessBuilder jdit =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--add-modules=jdk.incubator.vector",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "extract-features",
            "--data-path",
            drawings.toString(),
            "--features-path",
            dir.resolve("features").toString());
    jdit.environment().put("LC_ALL", "POSIX");
    Process process = jdit.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(said).isEqualTo(1);
    assertThat(said)
        .contains("has characters that this locale cannot read: set LC_ALL=C.UTF-8, or rename it")
        .doesNotContain("internal error");
  }

  @Test
  void explainsItself() {
    Run run = Run.jdit("extract-features", "--help");
    assertThat(run.code()).isZero();
    assertThat(run.out()).startsWith("Usage: jdit extract-features").contains("Examples:");
    assertThat(Run.jdit("--help").out()).contains("  extract-features ");
  }
}
