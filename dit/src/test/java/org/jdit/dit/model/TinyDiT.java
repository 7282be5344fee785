package org.jdit.dit.model;

import org.jdit.tensor.testkit.ReferenceData;
import tools.jackson.databind.JsonNode;

/** The small networks of the reference data. */
public final class TinyDiT {
  private TinyDiT() {}

  /** The network of dit_weights. */
  public static DiTConfig config() {
    return config("config");
  }

  /** The network of dit_init. */
  public static DiTConfig initConfig() {
    return config("init_config");
  }

  /** Its weights. */
  public static ReferenceFile weights() {
    return ReferenceFile.of("dit_weights.safetensors");
  }

  private static DiTConfig config(String name) {
    JsonNode c = ReferenceData.json("dit.json").get(name);
    return new DiTConfig(
        c.get("input_size").asInt(),
        c.get("patch_size").asInt(),
        c.get("in_channels").asInt(),
        c.get("hidden_size").asInt(),
        c.get("depth").asInt(),
        c.get("num_heads").asInt(),
        c.get("mlp_ratio").asDouble(),
        DiTConfig.OFFICIAL_DROPOUT,
        c.get("num_classes").asInt(),
        true,
        Numerics.OFFICIAL);
  }
}
