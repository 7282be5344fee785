package org.jdit.diffusion.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jdit.diffusion.Denoiser;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.random.TorchGenerator;
import org.junit.jupiter.api.Test;

/** The order of draws and of what steps get. */
class SamplingLoopTest {
  /** Two steps, of which the first takes noise. */
  private static final Sampler TWO_STEPS =
      new Sampler() {
        @Override
        public int steps() {
          return 2;
        }

        @Override
        public double timestep(int step) {
          return 10.5 - step;
        }

        @Override
        public double initialScale() {
          return 3;
        }

        @Override
        public boolean drawsNoise(int step) {
          return step == 0;
        }

        @Override
        public float[] coefficients(int step) {
          return new float[] {step};
        }

        @Override
        public State step(
            Denoiser model, State state, Tensor timestep, Tensor coefficients, Tensor noise) {
          throw new AssertionError("the loop runs what it is given");
        }
      };

  @Test
  void startsWithScaledNoiseOfTheGenerator() {
    float[] expected = new TorchGenerator(5).randn(20);
    float[] start = SamplingLoop.start(TWO_STEPS, new TorchGenerator(5), 20);
    for (int i = 0; i < 20; i++) {
      assertThat(start[i]).isEqualTo(expected[i] * 3);
    }
  }

  @Test
  void drawsForBothHalvesAndKeepsTheFirst() {
    TorchGenerator generator = new TorchGenerator(5);
    var noise = SamplingLoop.noise(generator, 40, 20);
    float[] first = noise.get();
    float[] second = noise.get();
    TorchGenerator same = new TorchGenerator(5);
    assertThat(first).containsExactly(Arrays.copyOf(same.randn(40), 20));
    assertThat(second).containsExactly(Arrays.copyOf(same.randn(40), 20));
  }

  @Test
  void stepsGetTheirNumbersInOrderAndNoiseOnlyWhereItIsTaken() {
    List<String> log = new ArrayList<>();
    SamplingLoop.run(
        TWO_STEPS,
        2,
        () -> new float[] {7, 8},
        (t, c, noise) -> log.add(t + " " + Arrays.toString(c) + Arrays.toString(noise)),
        done -> log.add("done " + done));
    assertThat(log)
        .containsExactly("10.5 [0.0][7.0, 8.0]", "done 1", "9.5 [1.0][0.0, 0.0]", "done 2");
  }
}
