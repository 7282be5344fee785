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
    List<String> command = new ArrayList<>();
    switch (mode[0]) {
      case "check" -> command.addAll(List.of("--dry-run", "--set-exit-if-changed"));
      case "apply" -> command.add("--replace");
      default -> throw new IllegalArgumentException("-Dformat=" + mode[0] + ": check or apply");
    }
    try (var files = Files.walk(Path.of(""))) {
      files
          .map(Path::toString)
          .filter(file -> file.endsWith(".java") && !file.matches("(.*[/\\\\])?target[/\\\\].*"))
          .sorted()
          .forEach(command::add);
    }
    Main.main(command.toArray(String[]::new));
  }
}
