package org.jdit.bench.cli;

import org.jdit.tensor.JditException;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.BackendOptions;
import org.jdit.tensor.spi.Backends;
import picocli.CommandLine.Option;

/** The options of what computes. */
final class Engine {
  @Option(
      names = "--threads",
      defaultValue = "0",
      paramLabel = "N",
      description = "Threads; 0 for all processors. Default: ${DEFAULT-VALUE}.")
  private int threads;

  /** Threads asked for, 0 for all processors. */
  int asked() {
    if (threads < 0) {
      throw new JditException("--threads is 0 (all processors) or more, not " + threads);
    }
    return threads;
  }

  /** Threads that will compute. */
  int threads() {
    return asked() == 0 ? Runtime.getRuntime().availableProcessors() : threads;
  }

  Backend open() {
    return Backends.open("cpu", new BackendOptions("", asked()));
  }
}
