package org.jdit.diffusion.loss;

import java.util.ArrayList;
import java.util.List;
import org.jdit.diffusion.schedule.NoiseSchedule;
import org.jdit.diffusion.schedule.Quantity;
import org.jdit.tensor.JditException;

/**
 * Weights {@code min(SNR, γ) / SNR} on the losses of a network that predicts noise, with {@code SNR
 * = ᾱ / (1 - ᾱ)} (Hang et al. 2023, arXiv 2303.09556, §3.4): timesteps of little noise, whose
 * losses are the largest and teach the least about the picture as a whole, count less.
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

  /** The weight of a timestep, from above 0 to 1. */
  public double weight(NoiseSchedule schedule, int t) {
    double noise = schedule.at(Quantity.ONE_MINUS_ALPHA_BAR, t);
    double snr = schedule.at(Quantity.ALPHA_BAR, t) / noise;
    return Math.min(snr, gamma) / snr;
  }

  /** What a sampler drew from the chain, with weights on top of its own. */
  public TimestepSampler.Draw weigh(TimestepSampler.Draw draw, NoiseSchedule schedule) {
    List<Double> weights = new ArrayList<>();
    for (int i = 0; i < draw.timesteps().size(); i++) {
      weights.add(draw.weights().get(i) * weight(schedule, draw.timesteps().get(i)));
    }
    return new TimestepSampler.Draw(draw.timesteps(), weights);
  }
}
