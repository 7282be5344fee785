package org.jdit.dit.train.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lines are those of the official train.py. */
class TrainLogTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2023-01-01T12:00:00.9Z"), ZoneOffset.ofHours(1));

  @TempDir private Path dir;
  private Path file;
  private final StringWriter console = new StringWriter();

  @BeforeEach
  void chooseFile() {
    file = dir.resolve("log.txt");
  }

  private TrainLog open(boolean colour) {
    return new TrainLog(file, new PrintWriter(console), colour, CLOCK);
  }

  @Test
  void linesAreTheOfficialOnes() throws IOException {
    try (TrainLog log = open(false)) {
      log.info("Füchse");
      log.progress(100, 0.12344, 1.234);
      String lines =
          """
          [2023-01-01 13:00:00] Füchse
          [2023-01-01 13:00:00] (step=0000100) Train Loss: 0.1234, Train Steps/Sec: 1.23
          """;
      assertThat(file).as("while it is open").content().isEqualTo(lines);
      assertThat(console).hasToString(lines.replace("\n", System.lineSeparator()));
    }
  }

  @Test
  void coloursAreForTheConsole() {
    try (TrainLog log = open(true)) {
      log.info("x");
    }
    assertThat(console.toString()).startsWith("[\033[34m2023-01-01 13:00:00\033[0m] x");
    assertThat(file).content().isEqualTo("[2023-01-01 13:00:00] x\n");
  }

  /** What Python's format gives for the same numbers: {@code f"{0.00015:.4f}"} and so on. */
  @Test
  void numbersAreRoundedAsPythonDoes() {
    try (TrainLog log = open(false)) {
      log.progress(12345678, 0.00015, 0.125);
      log.progress(0, Double.NaN, Double.POSITIVE_INFINITY);
      log.progress(1, 1e10, 0.375);
    }
    assertThat(file)
        .content()
        .contains("(step=12345678) Train Loss: 0.0001, Train Steps/Sec: 0.12\n")
        .contains("(step=0000000) Train Loss: nan, Train Steps/Sec: inf\n")
        .contains("(step=0000001) Train Loss: 10000000000.0000, Train Steps/Sec: 0.38\n");
  }

  @Test
  void aResumedRunGoesOnBelow() throws IOException {
    try (TrainLog log = open(false)) {
      log.info("first");
    }
    try (TrainLog log = open(false)) {
      log.info("second");
    }
    Files.writeString(file, Files.readString(file) + "[2023-01-01 1"); // killed within a line
    try (TrainLog log = open(false)) {
      log.info("third");
    }
    assertThat(file)
        .content()
        .isEqualTo(
            """
            [2023-01-01 13:00:00] first
            [2023-01-01 13:00:00] second
            [2023-01-01 1
            [2023-01-01 13:00:00] third
            """);
  }

  @Test
  void aMissingDirectoryIsNamed() {
    file = dir.resolve("none").resolve("log.txt");
    assertThatThrownBy(() -> open(false))
        .isInstanceOf(JditException.class)
        .hasMessage("cannot write " + file + ": its directory does not exist");
  }
}
