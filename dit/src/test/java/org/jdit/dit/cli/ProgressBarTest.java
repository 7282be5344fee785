package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

/** Progress redraws one line on a terminal and writes a line for each tenth elsewhere. */
class ProgressBarTest {
  private final StringWriter out = new StringWriter();

  private void run(boolean terminal) {
    ProgressBar bar = new ProgressBar(new PrintWriter(out, true), "steps", terminal);
    for (int i = 1; i <= 250; i++) {
      bar.show(i, 250);
    }
  }

  @Test
  void writesALineForEachTenth() {
    run(false);
    assertThat(out.toString().lines())
        .hasSize(10)
        .last()
        .asString()
        .startsWith("steps 100% 250/250 [");
  }

  @Test
  void redrawsOneLineOnATerminal() {
    run(true);
    assertThat(out.toString().split("\r")).hasSize(251);
    assertThat(out.toString().lines()).last().asString().contains("100% |██████████");
  }
}
