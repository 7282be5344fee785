package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that is ended from outside leaves nothing behind. */
class InterruptTest {
  private static final Path E2E = Run.resource("e2e");

  @TempDir private Path dir;

  @Test
  void leavesNoFile() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--add-modules=jdk.incubator.vector",
                    "--enable-native-access=ALL-UNNAMED",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Main.class.getName(),
                    "sample",
                    "--ckpt",
                    E2E.resolve("dit.pt").toString(),
                    "--num-heads",
                    "2",
                    "--vae",
                    E2E.resolve("vae").toString(),
                    "--num-sampling-steps",
                    "1000",
                    "--out",
                    dir.resolve("out.png").toString()))
            .start();
    try (BufferedReader err = process.errorReader()) {
      String line = err.readLine();
      while (line != null && !line.startsWith("sampling")) {
        line = err.readLine();
      }
      assertThat(line).as("a first line of progress").isNotNull();
      process.toHandle().destroy(); // which leaves its streams open
      assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
      assertThat(process.exitValue()).isNotZero();
      assertThat(err.lines()).noneMatch(l -> l.startsWith("\tat "));
    }
    assertThat(dir).isEmptyDirectory();
  }
}
