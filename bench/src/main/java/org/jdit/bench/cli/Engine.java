package org.jdit.bench.cli;

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
    return Usage.atLeast(0, "--threads", threads);
  }

  /** Threads that will compute. */
  int threads() {
    return asked() == 0 ? Runtime.getRuntime().availableProcessors() : threads;
  }

  Backend open() {
    return Backends.open("cpu", new BackendOptions("", asked()));
  }
}
