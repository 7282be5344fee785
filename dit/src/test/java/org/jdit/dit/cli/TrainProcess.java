package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * A {@code jdit} in a process of its own, which can be ended from outside.
 *
 * @param process runs it
 * @param output what it says, on both streams
 */
record TrainProcess(Process process, BufferedReader output) implements AutoCloseable {
  /** Starts it. */
  static TrainProcess start(Object... words) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--add-modules=jdk.incubator.vector");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Main.class.getName());
    Arrays.stream(words).map(Object::toString).forEach(command::add);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    return new TrainProcess(process, process.inputReader());
  }

  /** Waits until it has said so many lines that contain some words. */
  void await(int lines, String words) throws IOException {
    Pattern wanted = Pattern.compile(words);
    StringBuilder said = new StringBuilder();
    for (int found = 0; found < lines; ) {
      String line = output.readLine();
      assertThat(line).as("a line with %s after%n%s", words, said).isNotNull();
      said.append(line).append('\n');
      if (wanted.matcher(line).find()) {
        found++;
      }
    }
  }

  /** Its exit code, and all that it said before. */
  Run ended() throws IOException, InterruptedException {
    String rest = String.join("\n", output.lines().toList());
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    return new Run(process.exitValue(), rest, "");
  }

  /** Ends it at once, as the system does when memory is short. */
  void kill() {
    process.toHandle().destroyForcibly(); // which leaves its streams open
  }

  /** Leaves no process behind when a test fails. */
  @Override
  public void close() throws IOException {
    kill();
    output.close();
  }
}
