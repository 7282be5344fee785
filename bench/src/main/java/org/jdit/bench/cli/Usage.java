package org.jdit.bench.cli;

import java.util.function.Supplier;
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

  /** A number that is at least 1. */
  static int positive(String option, int value) {
    return atLeast(1, option, value);
  }
}
