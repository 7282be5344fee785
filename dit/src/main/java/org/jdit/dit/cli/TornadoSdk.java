package org.jdit.dit.cli;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jdit.tensor.spi.Finding;

/** The TornadoVM installation that the launcher starts Java with, for the GPU engine. */
final class TornadoSdk {
  /** The environment variable that names its directory. */
  static final String HOME = "TORNADOVM_HOME";

  private static final String WHAT = "TornadoVM SDK";
  private static final String ADVICE =
      "set " + HOME + " to the directory of a TornadoVM SDK for JDK 25, or unset it";
  private static final String API = "tornado-api-";

  private TornadoSdk() {}

  /** What is found in the directory that the environment names, if it names one. */
  static Finding find(Optional<String> home) {
    if (home.isEmpty()) {
      return Finding.good(WHAT, "none; for a GPU set " + HOME + " to one that is for JDK 25");
    }
    Path directory = Path.of(home.get());
    if (!Files.isRegularFile(directory.resolve("tornado-argfile"))) {
      return Finding.bad(WHAT, "there is no tornado-argfile in " + directory, ADVICE);
    }
    Optional<String> version = version(directory.resolve("share/java/tornado"));
    if (version.isEmpty()) {
      return Finding.bad(WHAT, "there is no " + API + "*.jar in " + directory, ADVICE);
    }
    String found = "%s in %s".formatted(version.get(), directory);
    return version.get().matches(".*-(jdk25|jdk22plus)")
        ? Finding.good(WHAT, found)
        : Finding.bad(WHAT, found + ", which is for another JDK", ADVICE);
  }

  private static Optional<String> version(Path jars) {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(jars, API + "*.jar")) {
      for (Path jar : found) {
        String name = jar.getFileName().toString();
        return Optional.of(name.substring(API.length(), name.length() - ".jar".length()));
      }
      return Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
