package org.jdit.diffusion.loss;

import org.jdit.diffusion.Gaussian;
import org.jdit.tensor.Tensor;

/** Element-wise likelihoods and divergences of normal distributions, in nats. */
public final class Likelihood {
  private static final double FLOOR = 1e-12;
  private static final double HALF_BIN = 1 / 255.0;
  private static final double EDGE = 0.999;

  private Likelihood() {}

  /** KL(p ‖ q) of two normal distributions given by mean and log variance. */
  public static Tensor normalKl(Tensor mean1, Tensor logVar1, Tensor mean2, Tensor logVar2) {
    return logVar2
        .sub(logVar1)
        .sub(1)
        .add(logVar1.sub(logVar2).exp())
        .add(mean1.sub(mean2).square().mul(logVar2.neg().exp()))
        .mul(0.5);
  }

  /** KL(p ‖ q), from their means and log variances. */
  public static Tensor normalKl(Gaussian p, Gaussian q) {
    return normalKl(p.mean(), p.logVariance(), q.mean(), q.logVariance());
  }

  /** The distribution function of the standard normal, by a tanh. */
  public static Tensor approxStandardNormalCdf(Tensor x) {
    Tensor cubic = x.add(x.square().mul(x).mul(0.044715));
    return cubic.mul(Math.sqrt(2 / Math.PI)).tanh().add(1).mul(0.5);
  }

  /** Log density at {@code x} of a normal variable with the scale taken out. */
  public static Tensor continuousGaussian(Tensor x, Tensor mean, Tensor logScale) {
    Tensor normalised = x.sub(mean).mul(logScale.neg().exp());
    return normalised.square().mul(-0.5).sub(0.5 * Math.log(2 * Math.PI));
  }

  /**
   * Log probability of the 2/255-wide bins around {@code x} in [-1, 1], where the outer bins are
   * open (Ho et al. 2020, equation 13).
   */
  public static Tensor discretizedGaussian(Tensor x, Tensor mean, Tensor logScale) {
    Tensor centred = x.sub(mean);
    Tensor inverse = logScale.neg().exp();
    Tensor below = approxStandardNormalCdf(inverse.mul(centred.add(HALF_BIN)));
    Tensor above = approxStandardNormalCdf(inverse.mul(centred.sub(HALF_BIN)));
    Tensor inner = log(below.sub(above));
    Tensor top = x.fill(x.shape(), EDGE).lt(x).where(log(above.neg().add(1)), inner);
    return x.lt(x.fill(x.shape(), -EDGE)).where(log(below), top);
  }

  private static Tensor log(Tensor probability) {
    return probability.clamp(FLOOR, Double.POSITIVE_INFINITY).log();
  }
}
