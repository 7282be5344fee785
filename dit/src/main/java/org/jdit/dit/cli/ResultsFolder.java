package org.jdit.dit.cli;

import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jdit.tensor.JditException;
import org.jdit.tensor.io.AtomicFile;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The folder that a training leaves its results in, and the options it was begun with.
 *
 * @param path where it is
 */
record ResultsFolder(Path path) {
  private static final String ARGUMENTS = "arguments.json";

  /**
   * Refuses a place for results where none can be made, before any work is done.
   *
   * @throws JditException if it is no directory that can be written to
   */
  static void check(Path results) {
    Path there = results.toAbsolutePath().normalize();
    while (!Files.exists(there) && there.getParent() != null) {
      there = there.getParent();
    }
    if (!Files.isDirectory(there) || !Files.isWritable(there)) {
      throw new JditException(
          "cannot make a results' folder in %s: %s is %s; choose another --results-dir"
              .formatted(
                  results, there, Files.isDirectory(there) ? "not writable" : "not a directory"));
    }
  }

  /**
   * Makes a folder with the next free number, such as {@code 003-DiT-XL-2}; it appears with the
   * options in it.
   *
   * @param results where it is made; made if it is missing
   * @param name what its name says after the number
   */
  static ResultsFolder create(Path results, String name, List<String> arguments) {
    try {
      Files.createDirectories(results);
      int number;
      try (Stream<Path> files = Files.list(results)) {
        number =
            files
                .map(f -> f.getFileName().toString())
                .filter(f -> f.matches("\\d{3,9}-.*"))
                .mapToInt(f -> Integer.parseInt(f.substring(0, f.indexOf('-'))) + 1)
                .max()
                .orElse(0);
      }
      Path path = results.resolve("%03d-%s".formatted(number, name));
      AtomicFile.writeDirectory(path, folder -> new ResultsFolder(folder).remember(arguments));
      return new ResultsFolder(path);
    } catch (IOException e) {
      throw new JditException(
          "cannot make a results' folder in %s: %s".formatted(results, e.getMessage()), e);
    }
  }

  /** Keeps the options for whoever resumes. */
  void remember(List<String> arguments) {
    AtomicFile.write(path.resolve(ARGUMENTS), out -> write(arguments, out));
  }

  private static void write(List<String> arguments, FileChannel out) throws IOException {
    Channels.newOutputStream(out).write(JsonMapper.shared().writeValueAsBytes(arguments));
  }

  /**
   * The options that the training was begun with.
   *
   * @throws JditException if this is no folder of a training
   */
  List<String> arguments() {
    Path file = path.resolve(ARGUMENTS);
    try {
      return List.of(JsonMapper.shared().readValue(Files.readString(file), String[].class));
    } catch (IOException | JacksonException | NullPointerException e) {
      throw new JditException(
          "%s is no results' folder of a training: it has no readable %s"
              .formatted(path, ARGUMENTS),
          e);
    }
  }
}
