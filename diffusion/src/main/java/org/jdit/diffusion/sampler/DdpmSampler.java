package org.jdit.diffusion.sampler;

import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jdit.diffusion.Coefficients;
import org.jdit.diffusion.Denoiser;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.Prediction;
import org.jdit.tensor.Tensor;

/**
 * Ancestral sampling (Ho et al. 2020, algorithm 2), the official DiT's {@code p_sample_loop}. Noise
 * is drawn at every step, the last one included, where it is not used.
 *
 * @param diffusion the process, on the chain to walk
 * @param denoised applied to each predicted image ({@link GaussianDiffusion#CLIP} or the identity)
 * @param gradient steers the mean, if present
 */
public record DdpmSampler(
    GaussianDiffusion diffusion, UnaryOperator<Tensor> denoised, Optional<ScoreGradient> gradient)
    implements Sampler {
  /** Unsteered sampling. */
  public DdpmSampler(GaussianDiffusion diffusion, UnaryOperator<Tensor> denoised) {
    this(diffusion, denoised, Optional.empty());
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
    Prediction plain = diffusion.predict(model.predict(x, timestep), x, c, denoised);
    Prediction steered =
        gradient.map(g -> diffusion.conditionMean(plain, g.at(x, timestep))).orElse(plain);
    return new State(diffusion.pSample(steered, noise, c), List.of());
  }
}
