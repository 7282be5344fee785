package org.jdit.dit.cli;

/** How another module adds a command; implementations are named in {@code META-INF/services}. */
public interface CommandProvider {
  /** A new object with picocli's {@code @Command}. */
  Object command();
}
