package org.jdit.diffusion.sampler;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jdit.diffusion.Coefficients;
import org.jdit.diffusion.Denoiser;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.schedule.NoiseSchedule;
import org.jdit.diffusion.schedule.Quantity;
import org.jdit.diffusion.schedule.TimestepSpacing;
import org.jdit.tensor.Tensor;

/**
 * DDIM (Song et al. 2021), the official DiT's {@code ddim_sample_loop}. Noise is drawn at every
 * step, even where eta is 0 and it is not used, so that the generator moves on as there.
 *
 * @param diffusion the process, on the chain to walk
 * @param eta 0 for the deterministic sampler, 1 for the noise of DDPM
 * @param denoised applied to each predicted image ({@link GaussianDiffusion#CLIP} or the identity)
 * @param gradient steers the score, if present
 */
public record DdimSampler(
    GaussianDiffusion diffusion,
    double eta,
    UnaryOperator<Tensor> denoised,
    Optional<ScoreGradient> gradient)
    implements Sampler {
  /** Unsteered sampling. */
  public DdimSampler(GaussianDiffusion diffusion, double eta, UnaryOperator<Tensor> denoised) {
    this(diffusion, eta, denoised, Optional.empty());
  }

  /**
   * The chain that the diffusers library's DDIMScheduler walks: every jump goes back by a whole
   * stride from its timestep, wherever the next one starts.
   *
   * @param endAtOne whether the last jump ends at the clean image; otherwise at the first timestep
   *     ({@code set_alpha_to_one})
   * @throws org.jdit.tensor.JditException if there are fewer than one or more than were trained
   */
  public static NoiseSchedule chain(
      NoiseSchedule trained, TimestepSpacing spacing, int steps, boolean endAtOne) {
    double[] alphaBar = trained.values(Quantity.ALPHA_BAR);
    List<Double> timesteps = spacing.timesteps(trained.steps(), steps);
    int stride = trained.steps() / steps;
    List<NoiseSchedule.Jump> jumps = new ArrayList<>();
    for (double spaced : timesteps.reversed()) {
      int t = (int) Math.rint(spaced);
      double end = endAtOne ? 1 : alphaBar[0];
      jumps.add(new NoiseSchedule.Jump(t, alphaBar[t], t >= stride ? alphaBar[t - stride] : end));
    }
    return NoiseSchedule.ofJumps(jumps);
  }

  @Override
  public int steps() {
    return diffusion.schedule().steps();
  }

  @Override
  public double timestep(int step) {
    return diffusion.schedule().timestep(steps() - 1 - step);
  }

  @Override
  public boolean drawsNoise(int step) {
    return true;
  }

  @Override
  public float[] coefficients(int step) {
    return diffusion.schedule().rows(steps() - 1 - step);
  }

  @Override
  public State step(
      Denoiser model, State state, Tensor timestep, Tensor coefficients, Tensor noise) {
    Tensor x = state.x();
    Coefficients c = new Coefficients(coefficients);
    Tensor plain = diffusion.xStart(model.predict(x, timestep), x, c, denoised);
    Tensor steered =
        gradient.map(g -> diffusion.conditionScore(plain, g.at(x, timestep), x, c)).orElse(plain);
    return new State(diffusion.ddimSample(steered, x, noise, c, eta), List.of());
  }
}
