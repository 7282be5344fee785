package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jdit.tensor.spi.Finding;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Doctor says what is wrong with a TornadoVM installation; having none is not wrong. */
class TornadoSdkTest {
  @TempDir private Path home;

  private Finding find() {
    return TornadoSdk.find(Optional.of(home.toString()));
  }

  private void install(String version) throws IOException {
    Files.createFile(home.resolve("tornado-argfile"));
    Path jars = Files.createDirectories(home.resolve("share/java/tornado"));
    Files.createFile(jars.resolve("tornado-api-" + version + ".jar"));
    Files.createFile(jars.resolve("tornado-runtime-9.9.9.jar"));
  }

  @Test
  void noneIsFine() {
    Finding none = TornadoSdk.find(Optional.empty());
    assertThat(none.good()).isTrue();
    assertThat(none.value()).startsWith("none;").contains("TORNADOVM_HOME");
  }

  @Test
  void oneForThisJdkIsNamedWithItsVersion() throws IOException {
    install("5.2.0-jdk25");
    assertThat(find()).isEqualTo(Finding.good("TornadoVM SDK", "5.2.0-jdk25 in " + home));
  }

  @Test
  void oneForAnotherJdkIsNotFit() throws IOException {
    install("5.2.0-jdk21");
    assertThat(find().good()).isFalse();
    assertThat(find().value()).contains("5.2.0-jdk21").contains("another JDK");
    assertThat(find().advice()).contains("for JDK 25");
  }

  @Test
  void anotherDirectoryIsNone() throws IOException {
    assertThat(find().value()).contains("no tornado-argfile");
    Files.createFile(home.resolve("tornado-argfile"));
    assertThat(find().value()).contains("no tornado-api-*.jar");
    assertThat(find().good()).isFalse();
  }
}
