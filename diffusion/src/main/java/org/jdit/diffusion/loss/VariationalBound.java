package org.jdit.diffusion.loss;

import java.util.function.UnaryOperator;
import org.jdit.diffusion.Coefficients;
import org.jdit.diffusion.Gaussian;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.Prediction;
import org.jdit.diffusion.schedule.Quantity;
import org.jdit.tensor.Tensor;

/** The terms of the variational bound, in bits per dimension (Ho et al. 2020, equation 5). */
public final class VariationalBound {
  private VariationalBound() {}

  /**
   * A term and the image predicted on the way.
   *
   * @param bits {@code [N]}
   * @param xStart {@code [N, C, H, W]}
   */
  public record Term(Tensor bits, Tensor xStart) {}

  /**
   * The term of each image's timestep: at the first the decoder's negative log likelihood,
   * elsewhere KL(q(x₋ | x, x₀) ‖ p(x₋ | x)).
   *
   * @param output of the network for {@code x}
   */
  public static Term term(
      GaussianDiffusion diffusion,
      Tensor output,
      Tensor xStart,
      Tensor x,
      Coefficients c,
      UnaryOperator<Tensor> denoised) {
    Gaussian truth = diffusion.qPosterior(xStart, x, c);
    Prediction p = diffusion.predict(output, x, c, denoised);
    Gaussian model = p.previous();
    Tensor kl = bits(Likelihood.normalKl(truth, model));
    Tensor decoder =
        bits(
            Likelihood.discretizedGaussian(xStart, model.mean(), model.logVariance().mul(0.5))
                .neg());
    Tensor notFirst = c.get(Quantity.NOT_FIRST);
    Tensor first = notFirst.eq(notFirst.fill(notFirst.shape(), 0)).reshape(-1);
    return new Term(first.where(decoder, kl), p.xStart());
  }

  /**
   * KL(q(x | x₀) ‖ N(0, 1)) at the last timestep.
   *
   * @param last the coefficients of that timestep
   * @return {@code [N]}
   */
  public static Tensor prior(GaussianDiffusion diffusion, Tensor xStart, Coefficients last) {
    Gaussian q = diffusion.qMeanVariance(xStart, last);
    Tensor zero = q.logVariance().fill(q.logVariance().shape(), 0);
    return bits(Likelihood.normalKl(q.mean(), q.logVariance(), zero, zero));
  }

  private static Tensor bits(Tensor nats) {
    return perImage(nats).mul(1 / Math.log(2));
  }

  /** The mean over all axes but the first. */
  static Tensor perImage(Tensor t) {
    return t.reshape(t.dim(0), -1).mean(1);
  }
}
