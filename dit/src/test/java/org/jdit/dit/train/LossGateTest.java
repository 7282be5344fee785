package org.jdit.dit.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jdit.diffusion.DiffusionOptions;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.loss.TimestepSampler;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.DiTInit;
import org.jdit.dit.model.Engine;
import org.jdit.dit.model.Numerics;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.random.TorchGenerator;
import org.jdit.tensor.spi.Backend;
import org.junit.jupiter.api.Test;

/** A square may be infinite where its gradient is not; such a step changes nothing either. */
class LossGateTest {
  @Test
  void aLossThatIsNotFiniteLeavesTheStateAsItIs() {
    DiTConfig network = new DiTConfig(4, 2, 3, 16, 1, 2, 4, 0.1, 3, false, Numerics.OFFICIAL);
    GaussianDiffusion diffusion =
        GaussianDiffusion.create(DiffusionOptions.DEFAULT.withLearnSigma(false));
    try (Backend backend = Engine.SHIPPED.open();
        Trainer trainer =
            new Trainer(backend, new TrainStep(network, diffusion, Recipe.OFFICIAL, 1));
        TensorScope scope = TensorScope.open(new Memory())) {
      trainer.start(DiTInit.official(network, new TorchGenerator(0), scope));
      float[] before = trainer.read(TrainStep.PARAMETERS, scope).toFloats();
      float[] noise = new float[48];
      noise[7] = 2.5e19f;
      TimestepSampler.Draw times = new TimestepSampler.Draw(List.of(500), List.of(1.0));
      Batch batch = new Batch(new float[48], List.of(1), noise, times);
      StepResult result = trainer.step(List.of(batch), 1, 1e-3);
      assertThat(result.gradientNorm()).isFinite().isPositive();
      assertThat(result.loss()).containsExactly(Float.POSITIVE_INFINITY);
      assertThat(result.finite()).isFalse();
      assertThat(trainer.read(TrainStep.PARAMETERS, scope).toFloats()).isEqualTo(before);
    }
  }
}
