package org.jdit.tensor.cpu.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jdit.tensor.JditException;

/**
 * What a search for a kernel in machine code comes to.
 *
 * @param <T> type of the kernel
 */
public sealed interface Found<T> {
  /**
   * There is one, and its results are right.
   *
   * @param kernel the kernel
   * @param description its name, for a person
   * @param <T> type of the kernel
   */
  record Available<T>(T kernel, String description) implements Found<T> {}

  /**
   * There is none, or it cannot be used.
   *
   * @param reason why, in words that can follow "no matrix unit:"
   * @param broken whether it should be there but fails its test, of which a person must know
   * @param <T> type of the kernel
   */
  record Absent<T>(String reason, boolean broken) implements Found<T> {}

  /** The kernel, if there is one. */
  default Optional<T> toOptional() {
    return switch (this) {
      case Available<T>(T kernel, _) -> Optional.of(kernel);
      case Absent<T> _ -> Optional.empty();
    };
  }

  /**
   * Looks for a kernel, and tests it.
   *
   * @param description what it is called
   * @param needed what Linux must tell of the processor
   * @param cpuinfo where it tells that (proc_cpuinfo(5))
   * @param load makes the kernel of a processor that has what is needed
   * @param test what is wrong with a kernel, or empty
   */
  static <T> Found<T> search(
      String description,
      List<String> needed,
      Path cpuinfo,
      Supplier<T> load,
      Function<T, Optional<String>> test) {
    try (Stream<String> lines = Files.lines(cpuinfo)) {
      List<String> flags =
          lines
              .filter(line -> line.startsWith("flags"))
              .limit(1)
              .flatMap(line -> Arrays.stream(line.split("\\s+", -1)))
              .toList();
      if (!flags.containsAll(needed)) {
        return new Absent<>("the processor has no " + String.join(" and ", needed), false);
      }
    } catch (IOException e) {
      return new Absent<>("%s cannot be read: %s".formatted(cpuinfo, e.getMessage()), false);
    }
    try {
      T kernel = load.get();
      return test.apply(kernel)
          .<Found<T>>map(
              what ->
                  new Absent<>(
                      "%s is there but computes what is wrong: %s".formatted(description, what),
                      true))
          .orElseGet(() -> new Available<>(kernel, description));
    } catch (JditException e) {
      return new Absent<>(e.getMessage(), false);
    }
  }

  /**
   * What a system property says of a kernel: nothing, or that it is not wanted.
   *
   * @throws JditException if it is set, but not to {@code off}
   */
  static <T> Optional<Found<T>> switched(String property, String setting) {
    if (setting == null) {
      return Optional.empty();
    }
    if (!setting.equals("off")) {
      throw new JditException(
          "%s=%s means nothing; give off, or leave it away.".formatted(property, setting));
    }
    return Optional.of(new Absent<>("switched off by -D%s=off".formatted(property), false));
  }
}
