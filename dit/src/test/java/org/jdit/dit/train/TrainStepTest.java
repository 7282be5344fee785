package org.jdit.dit.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.assertj.core.data.Offset;
import org.jdit.diffusion.DiffusionOptions;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.loss.TimestepSampler;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.DiTInit;
import org.jdit.dit.model.Engine;
import org.jdit.dit.model.TinyDiT;
import org.jdit.nn.optim.AdamW;
import org.jdit.nn.optim.GradientClipping;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.autodiff.Autodiff.InnerValues;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.random.TorchGenerator;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.testkit.ReferenceData;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Steps of training change weights, moments and average as torch's do. */
class TrainStepTest {
  /** Two torch releases differ by 2e-6 in what a step does to a weight of 1e-4 steps. */
  private static final Tolerance PARAMETER = new Tolerance(2e-7, 0);

  /** As the gradients that they average. */
  private static final Tolerance MOMENT = Tolerance.relToMax(1e-4);

  /** Losses of steps, whose weights differ already. */
  private static final double LOSS = 2e-6;

  private static final double LEARNING_RATE = 1e-4;

  private final ReferenceData data = ReferenceData.resource("training.safetensors");

  private static TrainStep step(Recipe recipe, int n) {
    return new TrainStep(
        TinyDiT.config(), GaussianDiffusion.create(DiffusionOptions.DEFAULT), recipe, n);
  }

  private Batch recorded(int i) {
    String at = "adamw/step" + i + "/";
    return batch(
        data.floats(at + "x_start"),
        data.longs(at + "y"),
        data.floats(at + "noise"),
        data.longs(at + "t"));
  }

  private static Batch batch(float[] x, long[] y, float[] noise, long[] t) {
    List<Integer> times = LongStream.of(t).mapToObj(Math::toIntExact).toList();
    return new Batch(
        x,
        LongStream.of(y).mapToObj(Math::toIntExact).toList(),
        noise,
        new TimestepSampler.Draw(times, Collections.nCopies(t.length, 1.0)));
  }

  private static Trainer started(Backend backend, TrainStep step) {
    Trainer trainer = new Trainer(backend, step);
    try (TensorFile file = TinyDiT.weights();
        TensorScope scope = TensorScope.open(backend.memory())) {
      Map<String, Tensor> weights = new HashMap<>();
      file.tensors().keySet().forEach(key -> weights.put(key, file.map(key, scope)));
      trainer.start(weights);
    }
    return trainer;
  }

  private static Map<String, float[]> state(Trainer trainer, TrainStep step) {
    Map<String, float[]> all = new HashMap<>();
    try (TensorScope scope = TensorScope.open(new Memory())) {
      step.state().forEach(name -> all.put(name, trainer.read(name, scope).toFloats()));
    }
    return all;
  }

  private void assertRecorded(
      TrainStep step, Map<String, float[]> state, String recorded, String name, Tolerance t) {
    Map<String, Integer> offsets = step.parameters().offsets();
    List<String> keys =
        data.keys().stream().filter(k -> k.startsWith("adamw/" + recorded + "/")).toList();
    assertThat(keys).isNotEmpty();
    for (String key : keys) {
      String weight = key.substring(("adamw/" + recorded + "/").length());
      if (!weight.equals(TrainStep.POSITIONS)) {
        int at = offsets.get(weight);
        int n = (int) step.parameters().shapes().get(weight).numel();
        float[] part = Arrays.copyOfRange(state.get(name), at, at + n);
        t.assertClose(key, part, data.floats(key));
      }
    }
  }

  private void assertThreeSteps(Backend backend, Recipe recipe) {
    TrainStep step = step(recipe, 4);
    double[] losses = data.doubles("adamw/losses");
    try (Trainer trainer = started(backend, step)) {
      for (int i = 0; i < losses.length; i++) {
        StepResult result = trainer.step(List.of(recorded(i)), i + 1, LEARNING_RATE);
        assertThat(result.finite()).isTrue();
        assertThat(StepResult.mean(result.loss()))
            .isCloseTo(losses[i], Offset.offset(LOSS * losses[i]));
      }
      Map<String, float[]> state = state(trainer, step);
      assertRecorded(step, state, "param", TrainStep.PARAMETERS, PARAMETER);
      assertRecorded(step, state, "ema", TrainStep.EMA, PARAMETER);
      assertRecorded(step, state, "exp_avg", TrainStep.EXP_AVG, MOMENT);
      assertRecorded(step, state, "exp_avg_sq", TrainStep.EXP_AVG_SQ, MOMENT);
    }
    assertThat(backend.memory().liveBytes()).isZero();
  }

  @Tag("ladder")
  @ParameterizedTest
  @EnumSource
  void threeStepsChangeTheStateAsInTorch(Engine engine) {
    try (Backend backend = engine.open()) {
      assertThreeSteps(backend, Recipe.OFFICIAL);
    }
  }

  @Tag("ladder")
  @ParameterizedTest
  @EnumSource
  void recomputingTheBlocksChangesNothing(Engine engine) {
    try (Backend backend = engine.open()) {
      assertThreeSteps(backend, Recipe.OFFICIAL.with(InnerValues.RECOMPUTED));
    }
  }

  @Test
  void recomputingTheBlocksGivesTheSameBits() {
    try (Backend backend = Engine.SHIPPED.open()) {
      TrainStep kept = step(Recipe.OFFICIAL, 4);
      TrainStep recomputed = step(Recipe.OFFICIAL.with(InnerValues.RECOMPUTED), 4);
      try (Trainer a = started(backend, kept);
          Trainer b = started(backend, recomputed)) {
        a.step(List.of(recorded(0)), 1, LEARNING_RATE);
        b.step(List.of(recorded(0)), 1, LEARNING_RATE);
        Map<String, float[]> expected = state(a, kept);
        state(b, recomputed)
            .forEach((name, v) -> Tolerance.EXACT.assertClose(name, v, expected.get(name)));
      }
    }
  }

  @Test
  void recomputingTheBlocksTakesMuchLessMemory() {
    DiTConfig deep = DiTConfig.parse("48x12x2/2", 16, 4);
    GaussianDiffusion diffusion = GaussianDiffusion.create(DiffusionOptions.DEFAULT);
    try (Backend backend = Engine.SHIPPED.open();
        Trainer kept = new Trainer(backend, new TrainStep(deep, diffusion, Recipe.OFFICIAL, 8));
        Trainer recomputed =
            new Trainer(
                backend,
                new TrainStep(deep, diffusion, Recipe.OFFICIAL.with(InnerValues.RECOMPUTED), 8))) {
      assertThat(recomputed.bytes()).isLessThan(kept.bytes() / 2);
      try (TensorScope scope = TensorScope.open(new Memory())) {
        Map<String, Tensor> weights = DiTInit.official(deep, new TorchGenerator(0), scope);
        kept.start(weights);
        recomputed.start(weights);
      }
      // What the plans say is what is there.
      assertThat(backend.memory().liveBytes()).isEqualTo(kept.bytes() + recomputed.bytes());
    }
  }

  @Tag("ladder")
  @Test
  void portionsOfABatchAddUpToTheWhole() {
    try (Backend backend = Engine.SHIPPED.open()) {
      TrainStep whole = step(Recipe.OFFICIAL, 4);
      TrainStep halves = step(Recipe.OFFICIAL.accumulating(2), 2);
      try (Trainer a = started(backend, whole);
          Trainer b = started(backend, halves)) {
        Batch batch = recorded(0);
        StepResult one = a.step(List.of(batch), 1, LEARNING_RATE);
        StepResult two = b.step(List.of(half(batch, 0), half(batch, 1)), 1, LEARNING_RATE);
        // The sums are of other orders, nothing else.
        Tolerance rounding = Tolerance.relToMax(1e-5);
        rounding.assertClose("losses", two.loss(), one.loss());
        Map<String, float[]> expected = state(a, whole);
        Map<String, float[]> actual = state(b, halves);
        rounding.assertClose("moment", actual.get("exp_avg"), expected.get("exp_avg"));
        assertThat(actual.get(TrainStep.GRADIENTS)).containsOnly(0);
      }
    }
  }

  private static Batch half(Batch b, int half) {
    int n = b.xStart().length / 2;
    List<Integer> t = b.times().timesteps();
    int rows = t.size() / 2;
    return new Batch(
        Arrays.copyOfRange(b.xStart(), half * n, (half + 1) * n),
        b.labels().subList(half * rows, (half + 1) * rows),
        Arrays.copyOfRange(b.noise(), half * n, (half + 1) * n),
        new TimestepSampler.Draw(
            t.subList(half * rows, (half + 1) * rows), Collections.nCopies(rows, 1.0)));
  }

  @Tag("ladder")
  @Test
  void aStepWithoutAFiniteGradientLeavesTheStateAsItIs() {
    try (Backend backend = Engine.SHIPPED.open()) {
      TrainStep step = step(Recipe.OFFICIAL, 4);
      try (Trainer trainer = started(backend, step)) {
        trainer.step(List.of(recorded(0)), 1, LEARNING_RATE);
        Map<String, float[]> before = state(trainer, step);
        Batch bad = recorded(1);
        bad.xStart()[7] = Float.NaN;
        StepResult result = trainer.step(List.of(bad), 2, LEARNING_RATE);
        assertThat(result.finite()).isFalse();
        state(trainer, step)
            .forEach((name, v) -> Tolerance.EXACT.assertClose(name, v, before.get(name)));
      }
    }
  }

  @Test
  void aPortionWithoutAFiniteGradientLeavesTheStateAsItIs() {
    try (Backend backend = Engine.SHIPPED.open()) {
      TrainStep step = step(Recipe.OFFICIAL.accumulating(2), 2);
      try (Trainer trainer = started(backend, step)) {
        Batch good = recorded(0);
        trainer.step(List.of(half(good, 0), half(good, 1)), 1, LEARNING_RATE);
        Map<String, float[]> before = state(trainer, step);
        for (int wrong = 0; wrong < 2; wrong++) {
          List<Batch> portions = List.of(half(recorded(1), 0), half(recorded(1), 1));
          portions.get(wrong).xStart()[7] = Float.NaN;
          assertThat(trainer.step(portions, 2, LEARNING_RATE).finite()).isFalse();
          state(trainer, step)
              .forEach((name, v) -> Tolerance.EXACT.assertClose(name, v, before.get(name)));
        }
      }
    }
  }

  @Test
  void clippingLimitsTheNormOfTheGradient() {
    try (Backend backend = Engine.SHIPPED.open()) {
      double limit = 0.01;
      TrainStep free = step(Recipe.OFFICIAL, 4);
      TrainStep clipped =
          step(
              new Recipe(
                  AdamW.OFFICIAL,
                  Recipe.OFFICIAL.ema(),
                  Optional.of(new GradientClipping(limit)),
                  1,
                  InnerValues.KEPT),
              4);
      try (Trainer a = started(backend, free);
          Trainer b = started(backend, clipped)) {
        double norm = a.step(List.of(recorded(0)), 1, LEARNING_RATE).gradientNorm();
        assertThat(b.step(List.of(recorded(0)), 1, LEARNING_RATE).gradientNorm()).isEqualTo(norm);
        assertThat(norm).isGreaterThan(limit);
        float[] whole = state(a, free).get(TrainStep.EXP_AVG);
        float scale = (float) (limit / (norm + 1e-6));
        for (int i = 0; i < whole.length; i++) {
          whole[i] *= scale;
        }
        Tolerance.relToMax(1e-6)
            .assertClose("moment", state(b, clipped).get(TrainStep.EXP_AVG), whole);
      }
    }
  }
}
