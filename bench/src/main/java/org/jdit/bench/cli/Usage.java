package org.jdit.bench.cli;

import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jdit.tensor.JditException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Makes what is wrong with options a usage error. */
final class Usage {
  private Usage() {}

  /** What the options say, or the usage error of the command. */
  static <T> T check(CommandSpec command, Supplier<T> options) {
    try {
      return options.get();
    } catch (JditException e) {
      throw new ParameterException(command.commandLine(), e.getMessage(), e);
    }
  }

  /** A number that is at least {@code least}. */
  static int atLeast(int least, String option, int value) {
    if (value < least) {
      throw new JditException("%s is %d or more, not %d".formatted(option, least, value));
    }
    return value;
  }

  /** Numbers that are at least 1. */
  static List<Integer> allPositive(String option, List<Integer> values) {
    values.forEach(value -> positive(option, value));
    return values;
  }

  /** Powers of two and the number of processors. */
  static List<Integer> upToAllProcessors() {
    int all = Runtime.getRuntime().availableProcessors();
    return Stream.concat(Stream.iterate(1, n -> n < all, n -> 2 * n), Stream.of(all)).toList();
  }

  /** A number that is at least 1. */
  static int positive(String option, int value) {
    return atLeast(1, option, value);
  }
}
