package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * A wrong use of a command, and what is to come of it.
 *
 * @param name as docs/bad-input.md lists it
 * @param code the exit code
 * @param message part of what is said; the docs show all of it
 * @param args the command
 */
record Misuse(String name, int code, String message, List<Object> args) {
  private static final String SAID = "jdit: ";
  private static final Path RESOURCES = Run.resource("e2e");

  /**
   * Shows of each case that its sentence is said and nothing left in a directory, and that a
   * section of the docs lists these cases, with all that is said, and no others.
   *
   * @param dir where the cases have their files; the docs leave it out of paths
   */
  static Stream<DynamicTest> tests(String section, List<Misuse> cases, Path dir)
      throws IOException {
    List<String> rows = rows(section);
    DynamicTest complete =
        DynamicTest.dynamicTest(
            "the docs list these and no others",
            () ->
                assertThat(rows.stream().map(row -> row.split(" \\| ", 3)[0].substring(2)))
                    .containsExactlyInAnyOrderElementsOf(
                        cases.stream().map(Misuse::name).toList()));
    return Stream.concat(cases.stream().map(m -> m.test(rows, dir)), Stream.of(complete));
  }

  private DynamicTest test(List<String> rows, Path dir) {
    return DynamicTest.dynamicTest(
        name,
        () -> {
          List<Path> before = files(dir);
          Run run = Run.jdit(args.toArray());
          assertThat(run.err()).contains(SAID).contains(message);
          assertThat(run.err()).doesNotContain("\tat ", "internal error");
          assertThat(run.code()).as(run.err()).isEqualTo(code);
          assertThat(run.out()).isEmpty();
          assertThat(files(dir)).isEqualTo(before);
          assertThat(rows.stream().filter(row -> row.startsWith("| " + name + " | ")))
              .containsExactly("| %s | %d | %s |".formatted(name, code, said(run.err(), dir)));
        });
  }

  /** The last message, its lines joined and its paths shortened as in the docs. */
  private static String said(String err, Path dir) {
    List<String> lines = err.lines().filter(line -> !line.startsWith("Try '")).toList();
    int from = lines.size() - 1;
    while (!lines.get(from).startsWith(SAID)) {
      from--;
    }
    return lines.subList(from, lines.size()).stream()
        .collect(Collectors.joining("<br>"))
        .substring(SAID.length())
        .replace(dir + "/", "")
        .replace(RESOURCES + "/", "");
  }

  /** What docs/bad-input.md says. */
  static String docs() throws IOException {
    Path here = Path.of("").toAbsolutePath();
    Path root = Files.isDirectory(here.resolve("docs")) ? here : here.getParent();
    return Files.readString(root.resolve("docs/bad-input.md"));
  }

  /** The rows of the table under a heading, without its head. */
  private static List<String> rows(String section) throws IOException {
    String text = docs().split("\n## " + section + "\n", 2)[1].split("\n## ", 2)[0];
    return Arrays.stream(text.split("\n")).filter(line -> line.startsWith("| ")).skip(1).toList();
  }

  private static List<Path> files(Path dir) throws IOException {
    try (Stream<Path> all = Files.walk(dir)) {
      return all.sorted().toList();
    }
  }
}
