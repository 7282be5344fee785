package org.jdit.dit.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The launcher gives Java a character set for file names, and an archive of classes. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "has a launcher of its own")
class LauncherTest {
  private static final Path WORKING = Path.of("").toAbsolutePath();

  @TempDir private Path root;

  /** A built JDiT and a JDK that prints the locale it is given. */
  @BeforeEach
  void build() throws IOException {
    Path here = Files.exists(WORKING.resolve("jdit")) ? WORKING : WORKING.getParent();
    Files.copy(here.resolve("jdit"), root.resolve("jdit"));
    Files.createFile(Files.createDirectories(root.resolve("dit/target")).resolve("built"));
    Path bin = Files.createDirectories(root.resolve("jdk/bin"));
    Files.writeString(root.resolve("jdk/release"), "JAVA_VERSION=\"25.0.1\"\n");
    executable(bin.resolve("java"), "printf '[%s]' \"${LC_ALL:-}\"");
  }

  private static void executable(Path file, String script) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + script + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  /** With an option for Java, for which no cache is made. */
  private String localeWith(Map<String, String> variables) throws Exception {
    Map<String, String> all = new HashMap<>(variables);
    all.put("JDIT_JAVA_OPTS", "-ea");
    return run(all);
  }

  private String run(Map<String, String> variables) throws Exception {
    ProcessBuilder jdit = new ProcessBuilder("sh", root.resolve("jdit").toString());
    jdit.environment().keySet().removeAll(List.of("LC_ALL", "LC_CTYPE", "LANG"));
    jdit.environment().put("JDIT_JAVA_HOME", root.resolve("jdk").toString());
    jdit.environment().putAll(variables);
    Process process = jdit.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }

  @Test
  void localesWithoutCharactersBecomeUtf8() throws Exception {
    assertThat(localeWith(Map.of())).isEqualTo("[C.UTF-8]");
    assertThat(localeWith(Map.of("LANG", "C"))).isEqualTo("[C.UTF-8]");
    assertThat(localeWith(Map.of("LC_ALL", "POSIX", "LANG", "de_DE.UTF-8"))).isEqualTo("[C.UTF-8]");
  }

  @Test
  void otherLocalesAreTheUsers() throws Exception {
    assertThat(localeWith(Map.of("LANG", "de_DE.UTF-8"))).isEqualTo("[]");
    assertThat(localeWith(Map.of("LC_CTYPE", "de_DE.UTF-8", "LANG", "C"))).isEqualTo("[]");
    assertThat(localeWith(Map.of("LC_ALL", "de_DE", "LANG", "C"))).isEqualTo("[de_DE]");
  }

  @Test
  void aCacheIsMadeOnceForABuildAndUsedUnlessJavaHasOtherOptions() throws Exception {
    executable(root.resolve("jdk/bin/jar"), ": >\"$4\"");
    executable(
        root.resolve("jdk/bin/java"),
        """
        for word; do
          case $word in
            -XX:ArchiveClassesAtExit=*) echo made >"${word#*=}" ;;
            -XX:SharedArchiveFile=*) echo uses "${word##*/}" ;;
          esac
        done\
        """);
    String first = run(Map.of());
    assertThat(first).startsWith("jdit: preparing").contains("uses start-");
    String second = run(Map.of());
    assertThat(second).startsWith("uses start-").isEqualTo(first.substring(first.indexOf("uses")));
    assertThat(run(Map.of("JDIT_JAVA_OPTS", "-Xmx8g"))).isEmpty();
    Files.writeString(root.resolve("dit/target/built"), "another build");
    assertThat(run(Map.of())).startsWith("jdit: preparing").doesNotContain(second);
  }

  @Test
  void aCacheThatCannotBeMadeIsDoneWithout() throws Exception {
    executable(root.resolve("jdk/bin/jar"), "exit 1");
    executable(
        root.resolve("jdk/bin/java"), "printf '%s\\n' \"$@\" | grep SharedArchiveFile=; exit 0");
    assertThat(run(Map.of())).startsWith("jdit: preparing").doesNotContain("SharedArchiveFile=");
    assertThat(run(Map.of())).isEmpty();
  }

  @Test
  void whereNothingCanBeWrittenThereIsNoCache() throws Exception {
    executable(
        root.resolve("jdk/bin/java"), "printf '%s\\n' \"$@\" | grep SharedArchiveFile=; exit 0");
    Path target = root.resolve("dit/target");
    assertThat(target.toFile().setWritable(false)).isTrue();
    assumeFalse(Files.isWritable(target), "this user may write anywhere");
    assertThat(run(Map.of())).isEmpty();
  }
}
