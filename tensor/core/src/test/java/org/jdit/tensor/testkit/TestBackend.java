package org.jdit.tensor.testkit;

import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.BackendOptions;
import org.jdit.tensor.spi.Backends;

/**
 * The engine under test: the CPU's, or what the system property {@code jdit.test.backend} names.
 */
public final class TestBackend {
  /** Its name, as users give it. */
  public static final String NAME = System.getProperty("jdit.test.backend", "cpu");

  private TestBackend() {}

  /** Opens it. */
  public static Backend open() {
    return Backends.open(NAME, BackendOptions.DEFAULT);
  }
}
