package org.jdit.dit.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A command run as a user would.
 *
 * @param code its exit code
 * @param out what it printed
 * @param err what it said on the error stream
 */
record Run(int code, String out, String err) {
  static Run jdit(Object... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        Main.run(
            new PrintWriter(out),
            new PrintWriter(err),
            Arrays.stream(args).map(Object::toString).toArray(String[]::new));
    return new Run(code, out.toString(), err.toString());
  }

  /** A file or directory of the test resources. */
  static Path resource(String name) {
    try {
      return Path.of(Run.class.getResource("/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
