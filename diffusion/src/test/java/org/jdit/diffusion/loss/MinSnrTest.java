package org.jdit.diffusion.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.jdit.diffusion.schedule.NoiseSchedule;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.Test;

/** The weights of Hang et al. for a network that predicts noise. */
class MinSnrTest {
  /** ᾱ is 0.9, 0.45 and 0.045, so signal over noise is 9, 0.818 and 0.047. */
  private final NoiseSchedule schedule = NoiseSchedule.ofBetas(0.1, 0.5, 0.9);

  @Test
  void onlyTimestepsOfLittleNoiseCountLess() {
    MinSnr five = new MinSnr(5);
    assertThat(five.weight(schedule, 0)).isCloseTo(5 / 9.0, within(1e-12));
    assertThat(five.weight(schedule, 1)).isEqualTo(1);
    assertThat(five.weight(schedule, 2)).isEqualTo(1);
    assertThat(new MinSnr(0.5).weight(schedule, 1)).isCloseTo(0.5 * 0.55 / 0.45, within(1e-12));
  }

  @Test
  void weightsOfTheSamplerStay() {
    TimestepSampler.Draw drawn = new TimestepSampler.Draw(List.of(2, 0), List.of(0.25, 3.0));
    TimestepSampler.Draw weighed = new MinSnr(3).weigh(drawn, schedule);
    assertThat(weighed.timesteps()).containsExactly(2, 0);
    assertThat(weighed.weights().get(0)).isEqualTo(0.25);
    assertThat(weighed.weights().get(1)).isCloseTo(1, within(1e-12));
  }

  @Test
  void gammaIsPositive() {
    for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> new MinSnr(bad)).isInstanceOf(JditException.class);
    }
  }
}
