package org.jdit.dit.cli;

import java.io.PrintWriter;
import java.time.Duration;

/**
 * Progress of long work on the error stream: a line that is redrawn on a terminal, and a line for
 * each tenth elsewhere.
 */
final class ProgressBar {
  private static final int WIDTH = 30;

  private final PrintWriter err;
  private final boolean terminal;
  private final String title;
  private long start;
  private long first = -1;
  private int tenths;

  /** Begins work called {@code title}. */
  ProgressBar(PrintWriter err, String title) {
    this(err, title, Boolean.getBoolean("jdit.stderr.terminal"));
  }

  ProgressBar(PrintWriter err, String title, boolean terminal) {
    this.err = err;
    this.title = title;
    this.terminal = terminal;
  }

  /** Shows that {@code done} of {@code total} is done; times count from the first call. */
  void show(long done, long total) {
    if (first < 0) {
      first = done;
      start = System.nanoTime();
    }
    double elapsed = (System.nanoTime() - start) * 1e-9;
    double each = elapsed / Math.max(1, done - first);
    double left = each * (total - done);
    int percent = (int) (100 * done / Math.max(1, total));
    String state =
        "%s %3d%% %d/%d [%s<%s, %.2f s/step]"
            .formatted(title, percent, done, total, clock(elapsed), clock(left), each);
    if (terminal) {
      int full = (int) (WIDTH * done / Math.max(1, total));
      String bar = "█".repeat(full) + "·".repeat(WIDTH - full);
      err.print("\r\u001b[K" + state.replaceFirst("% ", "% |" + bar + "| "));
      err.print(done == total ? System.lineSeparator() : "");
      err.flush();
    } else if (percent / 10 > tenths || done == total) {
      tenths = percent / 10;
      err.println(state);
    }
  }

  private static String clock(double seconds) {
    Duration d = Duration.ofSeconds(Math.round(seconds));
    return d.toHours() > 0
        ? "%d:%02d:%02d".formatted(d.toHours(), d.toMinutesPart(), d.toSecondsPart())
        : "%02d:%02d".formatted(d.toMinutes(), d.toSecondsPart());
  }
}
