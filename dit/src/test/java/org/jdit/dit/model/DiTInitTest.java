package org.jdit.dit.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.random.TorchGenerator;
import org.jdit.tensor.testkit.ReferenceData;
import org.junit.jupiter.api.Test;

/** A seed gives the network of the official constructor. */
class DiTInitTest {
  @Test
  void everyWeightAndTheNumberOfDrawsAreTheOfficialOnes() {
    ReferenceData data = ReferenceData.resource("dit_init.safetensors");
    long seed = ReferenceData.json("dit.json").get("init_seed").asLong();
    TorchGenerator random = new TorchGenerator(seed);
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Map<String, Tensor> weights = DiTInit.official(TinyDiT.initConfig(), random, scope);
      for (String key : data.keys()) {
        if (!key.equals("__rand_after")) {
          assertThat(weights.get(key).shape()).as(key).isEqualTo(data.shape(key));
          assertThat(weights.get(key).toFloats()).as(key).isEqualTo(data.floats(key));
        }
      }
      assertThat(weights).hasSize(data.keys().size() - 1);
    }
    assertThat(random.rand(4)).isEqualTo(data.floats("__rand_after"));
  }
}
