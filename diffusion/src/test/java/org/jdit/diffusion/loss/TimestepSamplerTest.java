package org.jdit.diffusion.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.jdit.tensor.JditException;
import org.jdit.tensor.random.TorchGenerator;
import org.junit.jupiter.api.Test;

/** Which timesteps training looks at, and that the weights make up for the choice. */
class TimestepSamplerTest {
  @Test
  void uniformDrawsAsTorchRandint() {
    TimestepSampler.Draw draw = TimestepSampler.uniform(1000).draw(16, new TorchGenerator(7));
    long[] expected = new TorchGenerator(7).randint(0, 1000, 16);
    assertThat(draw.timesteps().stream().mapToLong(Integer::longValue))
        .containsExactly(box(expected));
    assertThat(draw.weights()).hasSize(16).containsOnly(1.0);
  }

  private static Long[] box(long... a) {
    return Arrays.stream(a).boxed().toArray(Long[]::new);
  }

  @Test
  void isUniformUntilEveryTimestepWasSeenOften() {
    LossSecondMomentSampler sampler = new LossSecondMomentSampler(3, 2, 0.001);
    sampler.update(List.of(0, 0, 1, 1, 2), 5, 5, 1, 1, 9);
    assertThat(sampler.probabilities()).containsOnly(1 / 3.0);
  }

  @Test
  void prefersTimestepsOfLargeLosses() {
    LossSecondMomentSampler sampler = new LossSecondMomentSampler(2, 2, 0.1);
    sampler.update(List.of(0, 0, 1, 1), 1, 7, 3, 4);
    // Root mean squares 5 and 3.5355, then a tenth shared out evenly.
    double share = 5 / (5 + Math.sqrt(12.5));
    assertThat(sampler.probabilities()[0]).isCloseTo(share * 0.9 + 0.05, Offset.offset(1e-12));
    assertThat(sampler.probabilities()[1])
        .isCloseTo((1 - share) * 0.9 + 0.05, Offset.offset(1e-12));
  }

  @Test
  void lossesThatAreNoNumbersAreRefusedAndNotRemembered() {
    LossSecondMomentSampler sampler = new LossSecondMomentSampler(2, 1, 0);
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> sampler.update(List.of(0, 1), 3, bad))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("timestep 1");
    }
    sampler.update(List.of(1), 9);
    assertThat(sampler.probabilities()).containsExactly(0.5, 0.5);
    sampler.update(List.of(0), 1);
    assertThat(sampler.probabilities()).containsExactly(0.1, 0.9);
  }

  @Test
  void isUniformWhereAllLossesAreZero() {
    LossSecondMomentSampler sampler = new LossSecondMomentSampler(2, 1, 0.001);
    sampler.update(List.of(0, 1), 0, 0);
    assertThat(sampler.probabilities()).containsExactly(0.5, 0.5);
  }

  @Test
  void forgetsTheOldestLoss() {
    LossSecondMomentSampler sampler = new LossSecondMomentSampler(2, 2, 0);
    sampler.update(List.of(0, 0, 1, 1), 100, 1, 1, 1);
    sampler.update(List.of(0), 1);
    assertThat(sampler.probabilities()).containsExactly(0.5, 0.5);
  }

  @Test
  void drawsInProportionAndWeighsInInverseProportion() {
    LossSecondMomentSampler sampler = new LossSecondMomentSampler(3, 1, 0);
    sampler.update(List.of(0, 1, 2), 1, 2, 5);
    TimestepSampler.Draw draw = sampler.draw(8000, new TorchGenerator(1));
    long last = draw.timesteps().stream().filter(t -> t == 2).count();
    // 8000 draws of probability 5/8: a standard deviation of 43.
    assertThat(last).isBetween(5000L - 200, 5000L + 200);
    IntStream.range(0, 8000)
        .forEach(
            i -> {
              double p = List.of(0.125, 0.25, 0.625).get(draw.timesteps().get(i));
              assertThat(draw.weights().get(i)).isCloseTo(1 / (3 * p), Offset.offset(1e-12));
            });
  }
}
