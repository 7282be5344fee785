package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.jdit.dit.demo.DemoDrawings;
import org.jdit.dit.demo.DemoSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The command leaves the drawings of a {@link DemoSet} as files, whole or not at all. */
class DatasetDemoCommandTest {
  @TempDir private Path dir;

  private Path drawn(String name, Object... options) {
    Path out = dir.resolve(name);
    Object[] args =
        Stream.concat(Stream.of("dataset", "demo", "--out", out), Stream.of(options)).toArray();
    Run run = Run.jdit(args);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.err()).contains("drawing 100%");
    return out;
  }

  /** Content by path. */
  private static Map<String, String> files(Path out) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(out)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(
            out.relativize(file).toString(), HexFormat.of().formatHex(Files.readAllBytes(file)));
      }
    }
    return files;
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 32, 64})
  void writesTheDrawingsInTheOrderOfTheirLabels(int size) throws IOException {
    Path out = drawn("set", "--per-class", 2, "--size", size, "--seed", 3);
    assertThat(Files.readAllLines(out.resolve("classes.txt"))).isEqualTo(DemoDrawings.CLASSES);
    List<Path> folders;
    try (Stream<Path> all = Files.list(out)) {
      folders = all.filter(Files::isDirectory).sorted().toList();
    }
    DemoSet set = new DemoSet(2, size, 3);
    for (int i = 0; i < set.count(); i++) {
      Path folder = folders.get(set.label(i));
      assertThat(folder.toString()).endsWith("_" + DemoDrawings.CLASSES.get(set.label(i)));
      BufferedImage read = ImageIO.read(folder.resolve("%06d.png".formatted(i % 2)).toFile());
      BufferedImage drawing = set.draw(i);
      assertThat(read.getRGB(0, 0, size, size, null, 0, size))
          .isEqualTo(drawing.getRGB(0, 0, size, size, null, 0, size));
    }
    assertThat(files(out)).hasSize(set.count() + 1);
  }

  @Test
  void theSameSeedGivesTheSameBytesAndAnotherOthers() throws IOException {
    Map<String, String> first = files(drawn("a", "--per-class", 2));
    assertThat(files(drawn("b", "--per-class", 2))).isEqualTo(first);
    Map<String, String> other = files(drawn("c", "--per-class", 2, "--seed", 1));
    assertThat(other.keySet()).isEqualTo(first.keySet());
    first.remove("classes.txt");
    first.forEach((file, bytes) -> assertThat(other.get(file)).isNotEqualTo(bytes));
    assertThat(first.values()).doesNotHaveDuplicates();
  }

  @Test
  void explainsItself() {
    Run run = Run.jdit("dataset", "demo", "--help");
    assertThat(run.code()).isZero();
    assertThat(run.out()).startsWith("Usage: jdit dataset demo").contains("Examples:");
    String words = run.out().replaceAll("\\s+", " ");
    assertThat(words).contains(DemoDrawings.CLASSES.subList(0, 11)).contains("and mug");
    assertThat(Run.jdit("dataset", "--help").out()).contains("  demo  ");
  }

  @Test
  void saysThatACommandIsMissing() {
    Run run = Run.jdit("dataset");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).isEqualTo("jdit: a command is missing\nTry 'jdit dataset --help'.\n");
  }
}
