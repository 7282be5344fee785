import com.google.googlejavaformat.java.Main;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Holds every Java source below the working directory to google-java-format: {@code check} names
 * the files that differ and exits with 1, {@code apply} rewrites them.
 */
final class Format {
  private Format() {}

  static void main(String... mode) throws IOException {
    boolean apply =
        switch (mode[0]) {
          case "check" -> false;
          case "apply" -> true;
          default -> throw new IllegalArgumentException("-Dformat is check or apply: " + mode[0]);
        };
    List<String> command =
        new ArrayList<>(apply ? List.of("--replace") : List.of("--dry-run", "--set-exit-if-changed"));
    try (var files = Files.walk(Path.of(""))) {
      files
          .filter(file -> file.toString().endsWith(".java") && !file.toString().contains("target"))
          .map(Path::toString)
          .sorted()
          .forEach(command::add);
    }
    Main.main(command.toArray(String[]::new));
  }
}
