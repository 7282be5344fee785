package org.jdit.diffusion;

import java.util.function.UnaryOperator;
import org.jdit.diffusion.schedule.NoiseSchedule;
import org.jdit.diffusion.schedule.Quantity;
import org.jdit.diffusion.schedule.Respacing;
import org.jdit.tensor.Tensor;

/**
 * The forward process q that adds noise and the reverse process p that a network defines (Ho et al.
 * 2020; Nichol &amp; Dhariwal 2021). Images are {@code [N, C, H, W]}; every method can be traced,
 * as what depends on the timestep comes in as {@link Coefficients}.
 *
 * @param schedule the chain of timesteps
 * @param meanType what the network's output means
 * @param varianceType where the reverse variance comes from
 * @param lossType what training minimises
 */
public record GaussianDiffusion(
    NoiseSchedule schedule, MeanType meanType, VarianceType varianceType, LossType lossType) {
  /** Limits a predicted image to [-1, 1], the range of pixels. */
  public static final UnaryOperator<Tensor> CLIP = x -> x.clamp(-1, 1);

  /**
   * The process that the options describe.
   *
   * @throws org.jdit.tensor.JditException if a name or the respacing text is not known
   */
  public static GaussianDiffusion create(DiffusionOptions o) {
    NoiseSchedule trained = NoiseSchedule.named(o.noiseSchedule(), o.steps());
    VarianceType fixed = o.sigmaSmall() ? VarianceType.FIXED_SMALL : VarianceType.FIXED_LARGE;
    LossType mse = o.rescaleLearnedSigmas() ? LossType.RESCALED_MSE : LossType.MSE;
    return new GaussianDiffusion(
        trained.respaced(Respacing.select(o.steps(), o.respacing())),
        o.predictXStart() ? MeanType.START_X : MeanType.EPSILON,
        o.learnSigma() ? VarianceType.LEARNED_RANGE : fixed,
        o.useKl() ? LossType.RESCALED_KL : mse);
  }

  /** The same process on another chain. */
  public GaussianDiffusion on(NoiseSchedule other) {
    return new GaussianDiffusion(other, meanType, varianceType, lossType);
  }

  // ---- forward process -----------------------------------------------------------------------

  /** q(x | x₀): equation 4 of Ho et al. 2020. */
  public Gaussian qMeanVariance(Tensor xStart, Coefficients c) {
    return new Gaussian(
        c.get(Quantity.SQRT_ALPHA_BAR).mul(xStart),
        c.get(Quantity.ONE_MINUS_ALPHA_BAR),
        c.get(Quantity.LOG_ONE_MINUS_ALPHA_BAR));
  }

  /** A noisy image x out of x₀ and standard normal noise. */
  public Tensor qSample(Tensor xStart, Tensor noise, Coefficients c) {
    return c.get(Quantity.SQRT_ALPHA_BAR)
        .mul(xStart)
        .add(c.get(Quantity.SQRT_ONE_MINUS_ALPHA_BAR).mul(noise));
  }

  /** q(x₋ | x, x₀): equations 6 and 7 of Ho et al. 2020. */
  public Gaussian qPosterior(Tensor xStart, Tensor x, Coefficients c) {
    return new Gaussian(
        c.get(Quantity.POSTERIOR_MEAN_X_START)
            .mul(xStart)
            .add(c.get(Quantity.POSTERIOR_MEAN_X).mul(x)),
        c.get(Quantity.POSTERIOR_VARIANCE),
        c.get(Quantity.POSTERIOR_LOG_VARIANCE));
  }

  // ---- reverse process -----------------------------------------------------------------------

  /**
   * p(x₋ | x) and the clean image, as the network's output implies them.
   *
   * @param output of the network for {@code x}
   * @param denoised applied to the clean image before it is used: {@link #CLIP}, the identity, or
   *     another correction
   */
  public Prediction predict(
      Tensor output, Tensor x, Coefficients c, UnaryOperator<Tensor> denoised) {
    Tensor xStart = xStart(output, x, c, denoised);
    Tensor mean = qPosterior(xStart, x, c).mean();
    return new Prediction(reverseVariance(output, x, mean, c), xStart);
  }

  private Gaussian reverseVariance(Tensor output, Tensor x, Tensor mean, Coefficients c) {
    return switch (varianceType) {
      case LEARNED, LEARNED_RANGE -> {
        int channels = x.dim(1);
        Tensor share = output.slice(1, channels, channels).add(1).mul(0.5);
        Tensor log =
            share
                .mul(c.get(Quantity.LOG_BETA))
                .add(share.neg().add(1).mul(c.get(Quantity.POSTERIOR_LOG_VARIANCE)));
        yield new Gaussian(mean, log.exp(), log);
      }
      case FIXED_SMALL ->
          new Gaussian(
              mean, c.get(Quantity.POSTERIOR_VARIANCE), c.get(Quantity.POSTERIOR_LOG_VARIANCE));
      case FIXED_LARGE ->
          new Gaussian(mean, c.get(Quantity.LARGE_VARIANCE), c.get(Quantity.LARGE_LOG_VARIANCE));
    };
  }

  /** The clean image that the network's output implies, corrected by {@code denoised}. */
  public Tensor xStart(Tensor output, Tensor x, Coefficients c, UnaryOperator<Tensor> denoised) {
    Tensor told = output.slice(1, 0, x.dim(1));
    return denoised.apply(
        switch (meanType) {
          case START_X -> told;
          case EPSILON, PREVIOUS_X -> xStartOf(told, x, c);
        });
  }

  /** The clean image if the noise in {@code x} is {@code eps}. */
  public Tensor xStartOf(Tensor eps, Tensor x, Coefficients c) {
    return c.get(Quantity.SQRT_RECIP_ALPHA_BAR)
        .mul(x)
        .sub(c.get(Quantity.SQRT_RECIPM1_ALPHA_BAR).mul(eps));
  }

  /** The noise in {@code x} if the clean image is {@code xStart}. */
  public Tensor epsOf(Tensor xStart, Tensor x, Coefficients c) {
    return c.get(Quantity.SQRT_RECIP_ALPHA_BAR)
        .mul(x)
        .sub(xStart)
        .div(c.get(Quantity.SQRT_RECIPM1_ALPHA_BAR));
  }

  // ---- conditioning by a gradient --------------------------------------------------------------

  /** Moves the mean of p(x₋ | x) along ∇ log p(y | x) (Sohl-Dickstein et al. 2015). */
  public Prediction conditionMean(Prediction p, Tensor gradient) {
    Gaussian g = p.previous();
    Tensor mean = g.mean().add(g.variance().mul(gradient));
    return new Prediction(new Gaussian(mean, g.variance(), g.logVariance()), p.xStart());
  }

  /** The clean image if the score moves along ∇ log p(y | x) (Song et al. 2020). */
  public Tensor conditionScore(Tensor xStart, Tensor gradient, Tensor x, Coefficients c) {
    Tensor eps = epsOf(xStart, x, c);
    return xStartOf(eps.sub(c.get(Quantity.SQRT_ONE_MINUS_ALPHA_BAR).mul(gradient)), x, c);
  }

  // ---- one step --------------------------------------------------------------------------------

  /** x₋ drawn from p(x₋ | x) with standard normal noise: DDPM. */
  public Tensor pSample(Prediction p, Tensor noise, Coefficients c) {
    Tensor deviation = p.previous().logVariance().mul(0.5).exp();
    return p.previous().mean().add(c.get(Quantity.NOT_FIRST).mul(deviation).mul(noise));
  }

  /**
   * x₋ by equation 12 of Song et al. 2021 (DDIM).
   *
   * @param eta 0 for the deterministic step, 1 for DDPM's noise
   */
  public Tensor ddimSample(Tensor xStart, Tensor x, Tensor noise, Coefficients c, double eta) {
    Tensor bar = c.get(Quantity.ALPHA_BAR);
    Tensor prev = c.get(Quantity.ALPHA_BAR_PREV);
    Tensor sigma =
        oneMinus(prev).div(oneMinus(bar)).sqrt().mul(eta).mul(oneMinus(bar.div(prev)).sqrt());
    Tensor mean =
        xStart
            .mul(prev.sqrt())
            .add(oneMinus(prev).sub(sigma.square()).sqrt().mul(epsOf(xStart, x, c)));
    return mean.add(c.get(Quantity.NOT_FIRST).mul(sigma).mul(noise));
  }

  /** x₊, one step noisier, by the DDIM ODE. */
  public Tensor ddimReverseSample(Tensor xStart, Tensor x, Coefficients c) {
    Tensor next = c.get(Quantity.ALPHA_BAR_NEXT);
    return xStart.mul(next.sqrt()).add(oneMinus(next).sqrt().mul(epsOf(xStart, x, c)));
  }

  private static Tensor oneMinus(Tensor a) {
    return a.neg().add(1);
  }
}
