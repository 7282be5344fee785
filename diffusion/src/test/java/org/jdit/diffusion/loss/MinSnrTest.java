package org.jdit.diffusion.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.LossType;
import org.jdit.diffusion.MeanType;
import org.jdit.diffusion.VarianceType;
import org.jdit.diffusion.schedule.NoiseSchedule;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.Test;

/** The weights of Hang et al. for networks that predict noise and images. */
class MinSnrTest {
  /** ᾱ is 0.9, 0.45 and 0.045, so signal over noise is 9, 0.818 and 0.047. */
  private static GaussianDiffusion predicting(MeanType type) {
    return new GaussianDiffusion(
        NoiseSchedule.ofBetas(0.1, 0.5, 0.9), type, VarianceType.FIXED_SMALL, LossType.MSE);
  }

  private final GaussianDiffusion noise = predicting(MeanType.EPSILON);

  @Test
  void onlyTimestepsOfLittleNoiseCountLess() {
    MinSnr five = new MinSnr(5);
    assertThat(five.weight(noise, 0)).isCloseTo(5 / 9.0, within(1e-12));
    assertThat(five.weight(noise, 1)).isEqualTo(1);
    assertThat(five.weight(noise, 2)).isEqualTo(1);
    assertThat(new MinSnr(0.5).weight(noise, 1)).isCloseTo(0.5 * 0.55 / 0.45, within(1e-12));
  }

  @Test
  void errorsInImagesCountNoMoreThanGamma() {
    GaussianDiffusion images = predicting(MeanType.START_X);
    MinSnr five = new MinSnr(5);
    assertThat(five.weight(images, 0)).isEqualTo(5);
    assertThat(five.weight(images, 1)).isCloseTo(0.45 / 0.55, within(1e-12));
    assertThat(five.weight(images, 2)).isCloseTo(0.045 / 0.955, within(1e-12));
  }

  @Test
  void otherPredictionsHaveNoSuchWeights() {
    assertThatThrownBy(() -> new MinSnr(5).weight(predicting(MeanType.PREVIOUS_X), 0))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("the noise or the image");
  }

  @Test
  void weightsOfTheSamplerStay() {
    TimestepSampler.Draw drawn = new TimestepSampler.Draw(List.of(2, 0), List.of(0.25, 3.0));
    TimestepSampler.Draw weighed = new MinSnr(3).weigh(drawn, noise);
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
