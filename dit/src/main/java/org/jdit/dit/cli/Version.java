package org.jdit.dit.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine.IVersionProvider;

/** The version that the build wrote into the application. */
public final class Version implements IVersionProvider {
  /** Such as {@code 0.1.0}. */
  public static String current() {
    try (InputStream in = Version.class.getResourceAsStream("version.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String[] getVersion() {
    return new String[] {
      "JDiT " + current(),
      "JVM ${java.version} (${java.vendor} ${java.vm.name} ${java.vm.version})",
      "OS ${os.name} ${os.version} ${os.arch}"
    };
  }
}
