package org.jdit.dit.cli;

import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
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
  private static final String LOCK = ".lock";
  private static final List<String> PATHS =
      List.of("--data-path", "--feature-path", "--vae", "--init-from");

  /**
   * Keeps other trainings out of a folder. The system ends it with the process, however that ends.
   *
   * @param channel an open file, which is locked
   */
  record Lock(FileChannel channel) implements AutoCloseable {
    @Override
    public void close() {
      try {
        channel.close();
      } catch (IOException e) {
        throw new JditException("cannot unlock a results' folder: " + e.getMessage(), e);
      }
    }
  }

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

  /**
   * Locks the folder.
   *
   * @throws JditException if another training has locked it, in this process or another
   */
  Lock lock() {
    try {
      FileChannel channel =
          FileChannel.open(path.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (locked(channel)) {
        return new Lock(channel);
      }
      channel.close();
      throw new JditException(
          "%s is in use by another training: wait until that has ended".formatted(path));
    } catch (IOException e) {
      throw new JditException("cannot lock %s: %s".formatted(path, e.getMessage()), e);
    }
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException _) {
      return false; // by this process
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /** Keeps the options for whoever resumes, wherever that is: their paths become absolute. */
  void remember(List<String> arguments) {
    List<String> settled = absolute(arguments);
    AtomicFile.write(path.resolve(ARGUMENTS), out -> write(settled, out));
  }

  private static List<String> absolute(List<String> arguments) {
    List<String> all = new ArrayList<>();
    for (String word : arguments) {
      int value = word.indexOf('=') + 1;
      if (!all.isEmpty() && PATHS.contains(all.getLast())) {
        all.add(absolute(word));
      } else if (value > 0 && PATHS.contains(word.substring(0, value - 1))) {
        all.add(word.substring(0, value) + absolute(word.substring(value)));
      } else {
        all.add(word);
      }
    }
    return all;
  }

  private static String absolute(String path) {
    return Autoencoders.OFFICIAL.contains(path)
        ? path
        : Path.of(path).toAbsolutePath().normalize().toString();
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
