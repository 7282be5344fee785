package org.jdit.diffusion.loss;

import java.util.ArrayList;
import java.util.List;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.schedule.NoiseSchedule;
import org.jdit.diffusion.schedule.Quantity;
import org.jdit.tensor.JditException;

/**
 * Weights on the losses by the signal-to-noise ratio {@code SNR = ᾱ / (1 - ᾱ)} of their timesteps
 * (Hang et al. 2023, arXiv 2303.09556, §3.4). In terms of the error in the image they are {@code
 * min(SNR, γ)}; an error in the noise is that error times {@code SNR}. So timesteps of little
 * noise, which teach the least about the picture as a whole, do not count more and more.
 *
 * @param gamma γ, positive; the paper's is 5
 */
public record MinSnr(double gamma) {
  /**
   * Checks the range.
   *
   * @throws JditException if γ is not a positive number
   */
  public MinSnr {
    if (!(gamma > 0 && Double.isFinite(gamma))) {
      throw new JditException("gamma of the min-SNR weights must be positive, not " + gamma);
    }
  }

  /**
   * The weight of a timestep: above 0, to 1 for a network that predicts noise, to γ for one that
   * predicts images.
   *
   * @throws JditException if the network predicts something else
   */
  public double weight(GaussianDiffusion diffusion, int t) {
    NoiseSchedule schedule = diffusion.schedule();
    double noise = schedule.at(Quantity.ONE_MINUS_ALPHA_BAR, t);
    double snr = schedule.at(Quantity.ALPHA_BAR, t) / noise;
    double image = Math.min(snr, gamma);
    return switch (diffusion.meanType()) {
      case START_X -> image;
      case EPSILON -> image / snr;
      case PREVIOUS_X ->
          throw new JditException(
              "min-SNR weights are for networks that predict the noise or the image");
    };
  }

  /** What a sampler drew from the chain, with weights on top of its own. */
  public TimestepSampler.Draw weigh(TimestepSampler.Draw draw, GaussianDiffusion diffusion) {
    List<Double> weights = new ArrayList<>();
    for (int i = 0; i < draw.timesteps().size(); i++) {
      weights.add(draw.weights().get(i) * weight(diffusion, draw.timesteps().get(i)));
    }
    return new TimestepSampler.Draw(draw.timesteps(), weights);
  }
}
