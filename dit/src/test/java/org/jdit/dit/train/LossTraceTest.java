package org.jdit.dit.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.jdit.diffusion.DiffusionOptions;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.loss.TimestepSampler;
import org.jdit.dit.model.Engine;
import org.jdit.dit.model.TinyDiT;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.random.TorchGenerator;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.BackendOptions;
import org.jdit.tensor.spi.Backends;
import org.jdit.tensor.spi.Precision;
import org.jdit.tensor.testkit.ReferenceData;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/**
 * A training follows torch's: fifty AdamW steps of the official network, from the same weights and
 * batches, have the same losses. Errors of a step go into all later ones, so this is what three
 * steps cannot show.
 */
@Tag("ladder")
class LossTraceTest {
  /**
   * Torch in float32 differs from torch in float64 by 1.75e-7 of the loss at most, over the fifty
   * steps. More is allowed for sums of another order, whose differences grow from step to step.
   */
  private static final double RELATIVE = 1e-5;

  /**
   * Torch under autocast to bfloat16 differs from torch in float32 by 6.44e-4 of the loss at most.
   */
  private static final double RELATIVE_BF16 = 1e-3;

  private final JsonNode trace = ReferenceData.json("loss_trace.json");
  private final int n = trace.get("n").asInt();

  /** What the recording drew for a step, in its order. */
  private Batch batch(int step) {
    TorchGenerator random = new TorchGenerator(trace.get("first_seed").asLong() + step);
    int each = TinyDiT.config().inChannels() * TinyDiT.config().inputSize();
    int size = n * each * TinyDiT.config().inputSize();
    float[] x = random.randn(size);
    List<Integer> times = ints(random.randint(1, 1000, n));
    List<Integer> labels = ints(random.randint(0, 11, n));
    float[] noise = random.randn(size);
    return new Batch(
        x, labels, noise, new TimestepSampler.Draw(times, Collections.nCopies(n, 1.0)));
  }

  private static List<Integer> ints(long[] values) {
    return LongStream.of(values).mapToObj(Math::toIntExact).toList();
  }

  private Trainer started(Backend backend) {
    Trainer trainer =
        new Trainer(
            backend,
            new TrainStep(
                TinyDiT.config(),
                GaussianDiffusion.create(DiffusionOptions.DEFAULT),
                Recipe.OFFICIAL,
                n));
    try (TensorFile file = TinyDiT.weights();
        TensorScope scope = TensorScope.open(backend.memory())) {
      Map<String, Tensor> weights = new HashMap<>();
      file.tensors().keySet().forEach(key -> weights.put(key, file.map(key, scope)));
      trainer.start(weights);
    }
    return trainer;
  }

  @ParameterizedTest
  @EnumSource
  void lossesFollowTorchsForFiftySteps(Engine engine) {
    try (Backend backend = engine.open()) {
      assertThat(furthestFromTorchs(backend)).isLessThan(RELATIVE);
    }
  }

  @Test
  void inBfloat16TheyStayAsNearAsTorchsOwn() {
    BackendOptions rounded = new BackendOptions("", 0, false, Precision.BF16);
    try (Backend backend = Backends.open("cpu", rounded)) {
      assertThat(furthestFromTorchs(backend)).isBetween(RELATIVE, RELATIVE_BF16);
    }
  }

  /** The largest difference of the loss of a step, relative to torch's in float32. */
  private double furthestFromTorchs(Backend backend) {
    double rate = trace.get("lr").asDouble();
    JsonNode losses = trace.get("losses");
    assertThat(losses.size()).isEqualTo(50);
    double furthest = 0;
    try (Trainer trainer = started(backend)) {
      for (int i = 0; i < losses.size(); i++) {
        StepResult result = trainer.step(List.of(batch(i)), i + 1, rate);
        double expected = losses.get(i).asDouble();
        double loss = StepResult.mean(result.loss());
        assertThat(loss).as("loss of step %d", i).isFinite();
        furthest = Math.max(furthest, Math.abs(loss - expected) / expected);
      }
    }
    return furthest;
  }
}
