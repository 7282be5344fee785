package org.jdit.bench.cli;

import org.jdit.dit.cli.CommandProvider;

/** Adds {@code jdit bench}. */
public final class BenchCommandProvider implements CommandProvider {
  /** For {@link java.util.ServiceLoader}. */
  public BenchCommandProvider() {}

  @Override
  public Object command() {
    return new BenchCommand();
  }
}
