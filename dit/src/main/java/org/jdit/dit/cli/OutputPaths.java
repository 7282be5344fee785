package org.jdit.dit.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jdit.tensor.JditException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Where commands write, checked before long work. */
final class OutputPaths {
  private static final String INDEX = ".safetensors.index.json";

  private OutputPaths() {}

  /**
   * Checks that files can be written, each to a place of its own and none over an input.
   *
   * @param inputs files and directories; that they are there is not checked
   * @throws JditException naming the first one that cannot
   */
  static void check(List<Path> files, List<Path> inputs) {
    Set<Path> taken = new HashSet<>();
    for (Path file : files) {
      checkApart(file, inputs);
      if (!taken.add(real(file))) {
        throw new JditException("%s is named twice: choose another output".formatted(file));
      }
      Path directory = file.toAbsolutePath().getParent();
      if (directory == null || !Files.isDirectory(directory)) {
        throw new JditException(
            "cannot write %s: there is no directory %s".formatted(file, directory));
      }
      if (!Files.isWritable(directory)) {
        throw new JditException(
            "cannot write %s: the directory %s is not writable".formatted(file, directory));
      }
      if (Files.isDirectory(file)) {
        throw new JditException("cannot write %s: it is a directory".formatted(file));
      }
    }
  }

  /**
   * Checks that an output is no input and no part of one: nothing in a directory, and none of the
   * files that an index of safetensors names.
   *
   * @throws JditException if it is
   */
  static void checkApart(Path output, List<Path> inputs) {
    Path out = real(output);
    for (Path input : inputs) {
      if (out.equals(real(input))) {
        throw new JditException("%s is the input: choose another output".formatted(output));
      }
      if (isPart(output, out, input)) {
        throw new JditException(
            "%s is a part of the input %s: choose another output".formatted(output, input));
      }
    }
  }

  private static boolean isPart(Path output, Path out, Path input) {
    if (Files.isDirectory(input)) {
      // A link is followed when it is written, so the input holds what it leads to.
      Path parent = output.toAbsolutePath().normalize().getParent();
      return out.startsWith(real(input))
          || (parent != null && real(parent).startsWith(real(input)));
    }
    return input.toString().endsWith(INDEX) && shards(input).anyMatch(out::equals);
  }

  /** None if the index cannot be read, which opening it says better. */
  private static Stream<Path> shards(Path index) {
    try {
      return JsonMapper.shared()
          .readTree(index)
          .path("weight_map")
          .valueStream()
          .map(name -> real(index.resolveSibling(name.asString())));
    } catch (JacksonException _) {
      return Stream.empty();
    }
  }

  /** The file itself, whatever links lead to it. */
  private static Path real(Path file) {
    try {
      return file.toRealPath();
    } catch (IOException _) {
      Path path = file.toAbsolutePath().normalize();
      return Optional.ofNullable(path.getParent())
          .map(parent -> real(parent).resolve(path.getFileName()))
          .orElse(path);
    }
  }
}
