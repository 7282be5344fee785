package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * A wrong use of a command, and what is to come of it.
 *
 * @param name as docs/bad-input.md lists it
 * @param code the exit code
 * @param message part of what is said
 * @param args the command
 */
record Misuse(String name, int code, String message, List<Object> args) {
  /** Shows that a sentence is said, and nothing left in a directory. */
  DynamicTest test(Path dir) throws IOException {
    String docs = Files.readString(docs());
    return DynamicTest.dynamicTest(
        name,
        () -> {
          List<Path> before = files(dir);
          Run run = Run.jdit(args.toArray());
          assertThat(run.err()).contains("jdit: ").contains(message);
          assertThat(run.err()).doesNotContain("\tat ", "internal error");
          assertThat(run.code()).as(run.err()).isEqualTo(code);
          assertThat(run.out()).isEmpty();
          assertThat(files(dir)).isEqualTo(before);
          assertThat(docs).contains("| " + name + " | " + code + " | ");
        });
  }

  private static Path docs() {
    Path here = Path.of("").toAbsolutePath();
    Path root = Files.isDirectory(here.resolve("docs")) ? here : here.getParent();
    return root.resolve("docs/bad-input.md");
  }

  private static List<Path> files(Path dir) throws IOException {
    try (Stream<Path> all = Files.walk(dir)) {
      return all.sorted().toList();
    }
  }
}
