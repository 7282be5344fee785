package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Help, version, completion and diagnosis. */
class RootCommandTest {
  @ParameterizedTest
  @ValueSource(strings = {"sample", "convert", "inspect", "compare", "dataset", "doctor"})
  void everyCommandExplainsItself(String command) {
    Run run = Run.jdit(command, "--help");
    assertThat(run.code()).isZero();
    assertThat(run.out()).startsWith("Usage: jdit " + command).contains("--verbose");
    assertThat(Run.jdit("--help").out()).contains("  " + command + " ");
  }

  @Test
  void tellsItsVersion() {
    Run run = Run.jdit("--version");
    assertThat(run.code()).isZero();
    assertThat(run.out()).startsWith("JDiT ").contains("JVM 25");
  }

  @Test
  void completesCommandsAndSamplers() {
    Run run = Run.jdit("generate-completion");
    assertThat(run.code()).isZero();
    assertThat(run.out()).contains("sample").contains("euler-ancestral").contains("doctor");
  }

  @Test
  void saysThatACommandIsMissing() {
    Run run = Run.jdit();
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).isEqualTo("jdit: a command is missing\nTry 'jdit --help'.\n");
  }

  @Test
  void diagnosesTheMachine() {
    Run run = Run.jdit("doctor", "--json");
    JsonNode report = JsonMapper.shared().readTree(run.out());
    assertThat(report.get("machine").size()).isGreaterThan(4);
    assertThat(report.get("backend cpu").size()).isGreaterThan(1);
    assertThat(report.at("/TornadoVM/0/what").asString()).isEqualTo("TornadoVM SDK");
    boolean good =
        report
            .valueStream()
            .flatMap(JsonNode::valueStream)
            .allMatch(f -> f.get("good").asBoolean());
    assertThat(run.code()).isEqualTo(good ? 0 : 1);
  }

  @Test
  void listsTheDevicesThatABackendCanBeGiven() {
    Run run = Run.jdit("doctor", "--devices", "--json");
    assertThat(run.code()).as(run.err()).isZero();
    JsonNode cpu = JsonMapper.shared().readTree(run.out()).at("/backend cpu/0");
    assertThat(cpu.get("what").asString()).isEqualTo("cpu:cpu");
    assertThat(cpu.get("value").asString()).contains("float vectors").contains("GiB");
  }
}
