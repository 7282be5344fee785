package org.jdit.dit.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jdit.diffusion.loss.TimestepSampler;
import org.jdit.dit.model.DiTInit;
import org.jdit.dit.model.Engine;
import org.jdit.nn.optim.AdamW;
import org.jdit.nn.optim.Ema;
import org.jdit.tensor.autodiff.Autodiff.InnerValues;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.random.TorchGenerator;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The moving average of a training is that of its weights. It forgets half at each step here, so
 * that it moves by much more than what rounding explains.
 */
class EmaStepTest {
  private static final int N = 4;
  private static final double DECAY = 0.5;

  private static float[] vector(Trainer trainer, String name) {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      return trainer.read(name, scope).toFloats();
    }
  }

  private static List<Batch> portions(int step, int portions) {
    TorchGenerator random = new TorchGenerator(step);
    int n = N / portions;
    List<Batch> all = new ArrayList<>();
    for (int i = 0; i < portions; i++) {
      List<Double> ones = Collections.nCopies(n, 1.0);
      List<Integer> times = Collections.nCopies(n, 300 + i);
      all.add(
          new Batch(
              random.randn(n * 48),
              Collections.nCopies(n, 1),
              random.randn(n * 48),
              new TimestepSampler.Draw(times, ones)));
    }
    return all;
  }

  @ParameterizedTest
  @CsvSource({"false, 1", "true, 1", "false, 2", "true, 2"})
  void theAverageIsThatOfTheWeightsAfterEachStep(boolean warmUp, int portions) {
    Recipe recipe =
        new Recipe(
            AdamW.OFFICIAL, new Ema(DECAY, warmUp), Optional.empty(), portions, InnerValues.KEPT);
    try (Backend backend = Engine.SHIPPED.open();
        Trainer trainer = new Trainer(backend, TinySet.step(recipe, N / portions))) {
      try (TensorScope scope = TensorScope.open(new Memory())) {
        trainer.start(DiTInit.official(TinySet.network(), new TorchGenerator(0), scope));
      }
      float[] first = vector(trainer, TrainStep.PARAMETERS);
      double[] expected = new double[first.length];
      for (int i = 0; i < first.length; i++) {
        expected[i] = first[i];
      }
      for (int step = 1; step <= 4; step++) {
        assertThat(trainer.step(portions(step, portions), step, 1e-2).finite()).isTrue();
        float[] now = vector(trainer, TrainStep.PARAMETERS);
        double kept = warmUp ? Math.min(DECAY, (1.0 + step) / (10.0 + step)) : DECAY;
        float[] rounded = new float[now.length];
        double moved = 0;
        for (int i = 0; i < now.length; i++) {
          expected[i] = kept * expected[i] + (1 - kept) * now[i];
          rounded[i] = (float) expected[i];
          moved = Math.max(moved, Math.abs(rounded[i] - now[i]));
        }
        assertThat(moved).as("how far the average is from the weights").isGreaterThan(1e-3);
        new Tolerance(1e-6, 0).assertClose("average", vector(trainer, TrainStep.EMA), rounded);
      }
    }
  }
}
