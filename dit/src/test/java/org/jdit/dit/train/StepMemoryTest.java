package org.jdit.dit.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jdit.diffusion.DiffusionOptions;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.loss.TimestepSampler;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.DiTInit;
import org.jdit.dit.model.Engine;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.autodiff.Autodiff.InnerValues;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.random.TorchGenerator;
import org.jdit.tensor.spi.Backend;
import org.junit.jupiter.api.Test;

/** Portions of a batch save memory, and a start is refused before memory runs out. */
class StepMemoryTest {
  private static final GaussianDiffusion DIFFUSION =
      GaussianDiffusion.create(DiffusionOptions.DEFAULT);

  /** Few weights and many tokens. */
  private static final DiTConfig DEEP = DiTConfig.parse("48x6x2/2", 16, 4);

  /** Many weights and few tokens. */
  private static final DiTConfig WIDE = DiTConfig.parse("192x2x2/8", 16, 4);

  private static TrainStep step(DiTConfig config, int batch, int portions, InnerValues inner) {
    Recipe recipe = Recipe.OFFICIAL.accumulating(portions).with(inner);
    return new TrainStep(config, DIFFUSION, recipe, batch / portions);
  }

  private static long bytes(TrainStep step) {
    try (Backend backend = Engine.SHIPPED.open();
        Trainer trainer = new Trainer(backend, step)) {
      start(trainer, step.config());
      assertThat(backend.memory().liveBytes()).isEqualTo(trainer.bytes());
      return trainer.bytes();
    }
  }

  private static void start(Trainer trainer, DiTConfig config) {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Map<String, Tensor> weights = DiTInit.official(config, new TorchGenerator(0), scope);
      trainer.start(weights);
    }
  }

  @Test
  void portionsTakeLessThanTheWholeBatch() {
    long whole = bytes(step(DEEP, 32, 1, InnerValues.KEPT));
    long halves = bytes(step(DEEP, 32, 2, InnerValues.KEPT));
    long quarters = bytes(step(DEEP, 32, 4, InnerValues.KEPT));
    assertThat(halves).isLessThan(whole * 3 / 4);
    assertThat(quarters).isLessThan(halves * 3 / 4);
  }

  @Test
  void whatIsCheckedBeforeCoversWhatIsAllocated() {
    for (DiTConfig config : List.of(DEEP, WIDE)) {
      for (int portions : new int[] {1, 2}) {
        for (InnerValues inner : InnerValues.values()) {
          TrainStep step = step(config, 8, portions, inner);
          assertThat(Training.need(step, false).total())
              .as("%s in %d portions, %s", config.name(), portions, inner)
              .isBetween(bytes(step), 2 * bytes(step));
        }
      }
    }
  }

  @Test
  void validationIsCountedToo() {
    TrainStep step = step(DEEP, 8, 1, InnerValues.KEPT);
    try (Backend backend = Engine.SHIPPED.open();
        Trainer trainer = new Trainer(backend, step)) {
      start(trainer, DEEP);
      long before = trainer.bytes();
      Batch batch = batch(DEEP, 8);
      trainer.loss(TrainStep.PARAMETERS, batch);
      trainer.loss(TrainStep.EMA, batch);
      long more = trainer.bytes() - before;
      assertThat(more).isPositive();
      assertThat(backend.memory().liveBytes()).isEqualTo(trainer.bytes());
      assertThat(Training.need(step, true).total() - Training.need(step, false).total())
          .isBetween(more * 3 / 4, 2 * more);
      assertThat(Training.need(step, true).total()).isGreaterThan(trainer.bytes());
    }
  }

  private static Batch batch(DiTConfig c, int n) {
    float[] zeros = new float[n * c.inChannels() * c.inputSize() * c.inputSize()];
    List<Integer> numbers = Collections.nCopies(n, 1);
    return new Batch(
        zeros, numbers, zeros, new TimestepSampler.Draw(numbers, Collections.nCopies(n, 1.0)));
  }

  @Test
  void savingCopiesTwoVectorsAtOnce() {
    try (Backend backend = Engine.SHIPPED.open();
        Trainer trainer = new Trainer(backend, step(WIDE, 2, 1, InnerValues.KEPT));
        StateCopies copies = new StateCopies(trainer)) {
      start(trainer, WIDE);
      String name = "blocks.0.mlp.fc1.weight";
      List<String> order =
          List.of(
              TrainStep.PARAMETERS,
              TrainStep.EMA,
              TrainStep.EXP_AVG,
              TrainStep.EXP_AVG_SQ,
              TrainStep.EXP_AVG);
      for (String vector : order) {
        copies.entry(vector, name).content().writeTo(t -> assertThat(t.dim(0)).isEqualTo(768));
        assertThat(copies.held()).contains(vector).hasSizeLessThanOrEqualTo(StateCopies.AT_ONCE);
      }
      assertThat(copies.held()).containsExactlyInAnyOrder(TrainStep.EXP_AVG, TrainStep.EXP_AVG_SQ);
    }
  }
}
