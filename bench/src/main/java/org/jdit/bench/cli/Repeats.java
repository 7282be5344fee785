package org.jdit.bench.cli;

import java.util.Optional;
import org.jdit.bench.Stopwatch;
import org.jdit.tensor.JditException;
import picocli.CommandLine.Option;

/** The options of how often something is run. */
final class Repeats {
  @Option(
      names = "--repeat",
      paramLabel = "N",
      description = "Runs to count. Default: 30 of a kernel, 9 of a network.")
  private Optional<Integer> repeat = Optional.empty();

  @Option(
      names = "--warm-up",
      defaultValue = "1",
      paramLabel = "SECONDS",
      description =
          "Run at least so long, and three times, before counting. Default: ${DEFAULT-VALUE}.")
  private double warmUp;

  Stopwatch stopwatch(int usualRepeats) {
    if (!(warmUp >= 0 && warmUp <= 60)) {
      throw new JditException("--warm-up is from 0 to 60 seconds, not " + warmUp);
    }
    return new Stopwatch(warmUp, Usage.positive("--repeat", repeat.orElse(usualRepeats)));
  }
}
