package org.jdit.dit.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdit.nn.StateDict;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.testkit.ReferenceData;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Sizes, names and parameters of the paper's models. */
class DiTConfigTest {
  /** Paper, table 4 (parameters in millions; the label table has 1001 rows). */
  @Test
  void parameterCountsAreThePapers() {
    assertThat(DiTConfig.names()).hasSize(12);
    Map<String, Integer> millions =
        Map.ofEntries(
            Map.entry("DiT-S/8", 33),
            Map.entry("DiT-S/4", 33),
            Map.entry("DiT-S/2", 33),
            Map.entry("DiT-B/8", 131),
            Map.entry("DiT-B/4", 130),
            Map.entry("DiT-B/2", 130),
            Map.entry("DiT-L/8", 459),
            Map.entry("DiT-L/4", 458),
            Map.entry("DiT-L/2", 458),
            Map.entry("DiT-XL/8", 676),
            Map.entry("DiT-XL/4", 675),
            Map.entry("DiT-XL/2", 675));
    for (String name : DiTConfig.names()) {
      DiTConfig config = DiTConfig.named(name, 32, 1000);
      StateDict weights = DiT.stateDict(config);
      long learned = weights.parameters() - weights.shapes().get("pos_embed").numel();
      assertThat(Math.round(learned / 1e6)).as(name).isEqualTo(millions.get(name).longValue());
      assertThat(config.name()).isEqualTo(name);
    }
  }

  @Test
  void namesShapesAndOrderAreTheOfficialOnes() {
    JsonNode json = ReferenceData.json("dit.json");
    Map<String, Shape> expected = new LinkedHashMap<>();
    json.get("shapes")
        .get("DiT-S/8 at 32x32")
        .forEachEntry(
            (key, dims) ->
                expected.put(key, new Shape(dims.valueStream().map(JsonNode::asInt).toList())));
    Map<String, Shape> shapes = DiT.stateDict(DiTConfig.named("DiT-S/8", 32, 1000)).shapes();
    assertThat(shapes).containsExactlyInAnyOrderEntriesOf(expected);

    List<String> order =
        json.get("shapes").get("parameter_order").valueStream().map(JsonNode::asString).toList();
    assertThat(shapes.keySet()).containsExactlyElementsOf(order);
  }

  @Test
  void impossibleSizesAreRefusedInWords() {
    assertThatThrownBy(() -> DiTConfig.named("DiT-S/2", 33, 1000))
        .isInstanceOf(JditException.class)
        .hasMessage("latents of 33x33 do not divide into patches of 2x2");
    assertThatThrownBy(() -> DiTConfig.named("DiT-M/2", 32, 1000))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("there is no model DiT-M/2")
        .hasMessageContaining("DiT-XL/8");
    assertThatThrownBy(() -> DiTConfig.named("DiT-S/2", 32, 0))
        .isInstanceOf(JditException.class)
        .hasMessage("the number of classes must be positive, not 0");
  }
}
