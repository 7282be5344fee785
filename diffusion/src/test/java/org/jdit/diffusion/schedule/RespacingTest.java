package org.jdit.diffusion.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.jdit.tensor.JditException;
import org.jdit.tensor.testkit.ReferenceData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Respacing texts choose exactly the timesteps that the official code chooses. */
class RespacingTest {
  private static final JsonNode RECORDED = ReferenceData.json("schedules.json");

  static Stream<String> recorded() {
    return RECORDED.get("respacing").propertyStream().map(e -> e.getKey());
  }

  static Stream<String> refused() {
    return RECORDED.get("errors").propertyStream().map(e -> e.getKey());
  }

  @ParameterizedTest
  @MethodSource("recorded")
  void choosesTheOfficialTimesteps(String key) {
    JsonNode entry = RECORDED.get("respacing").get(key);
    JsonNode map = entry.isArray() ? entry : entry.get("timestep_map");
    List<Integer> expected = map.valueStream().map(JsonNode::asInt).toList();
    assertThat(Respacing.select(trained(key), spec(key))).containsExactlyElementsOf(expected);
  }

  @ParameterizedTest
  @MethodSource("refused")
  void refusesWhatTheOfficialCodeRefusesForTheSameReason(String key) {
    String reason = RECORDED.get("errors").get(key).asString();
    String meaning = reason.startsWith("cannot divide") ? reason : "steps with an integer stride";
    assertThatThrownBy(() -> Respacing.select(trained(key), spec(key)))
        .isInstanceOf(JditException.class)
        .hasMessageContaining(meaning);
  }

  @Test
  void namesTheCountThatNoStrideGives() {
    assertThatThrownBy(() -> Respacing.select(1000, "ddim999"))
        .hasMessage(
            "cannot create exactly 999 steps with an integer stride out of 1000; use a divisor of"
                + " 1000");
  }

  @ParameterizedTest
  @ValueSource(strings = {"abc", "ddim", "ddim2.5", "10,,20", "-5", "0", "10;20", "ddim-1", ","})
  void refusesOtherTexts(String spec) {
    assertThatThrownBy(() -> Respacing.select(1000, spec))
        .isInstanceOf(JditException.class)
        .hasMessageContaining('"' + spec + '"')
        .hasMessageContaining("ddim25");
  }

  @Test
  void spacesAroundNumbersDoNotMatter() {
    assertThat(Respacing.select(1000, "10, 15, 20")).isEqualTo(Respacing.select(1000, "10,15,20"));
  }

  private static int trained(String key) {
    return key.contains("|") ? Integer.parseInt(key.substring(0, key.indexOf('|'))) : 1000;
  }

  private static String spec(String key) {
    return key.substring(key.indexOf('|') + 1);
  }
}
