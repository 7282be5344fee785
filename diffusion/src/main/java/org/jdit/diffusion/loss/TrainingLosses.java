package org.jdit.diffusion.loss;

import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jdit.diffusion.Coefficients;
import org.jdit.diffusion.Denoiser;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.LossType;
import org.jdit.tensor.Tensor;

/**
 * What training minimises, for each image of a batch; traceable.
 *
 * @param loss {@code [N]}; its mean is minimised
 * @param mse the squared error in it, {@code [N]}
 * @param vb the variational bound in it, {@code [N]}: there if the variance is learned
 */
public record TrainingLosses(Tensor loss, Optional<Tensor> mse, Optional<Tensor> vb) {
  /**
   * The losses of a batch.
   *
   * @param xStart clean images {@code [N, C, H, W]}
   * @param timestep passed on to the network
   * @param c the coefficients of each image's timestep
   * @param noise standard normal, of the shape of {@code xStart}
   */
  public static TrainingLosses of(
      GaussianDiffusion diffusion,
      Denoiser model,
      Tensor xStart,
      Tensor timestep,
      Coefficients c,
      Tensor noise) {
    Tensor x = diffusion.qSample(xStart, noise, c);
    Tensor output = model.predict(x, timestep);
    int steps = diffusion.schedule().steps();
    LossType type = diffusion.lossType();
    if (type.isVariational()) {
      Tensor bound = bound(diffusion, output, xStart, x, c);
      Tensor loss = type == LossType.RESCALED_KL ? bound.mul(steps) : bound;
      return new TrainingLosses(loss, Optional.empty(), Optional.empty());
    }
    int channels = x.dim(1);
    Tensor told = output.slice(1, 0, channels);
    Tensor target =
        switch (diffusion.meanType()) {
          case PREVIOUS_X -> diffusion.qPosterior(xStart, x, c).mean();
          case START_X -> xStart;
          case EPSILON -> noise;
        };
    Tensor mse = VariationalBound.perImage(target.sub(told).square());
    if (!diffusion.varianceType().isLearned()) {
      return new TrainingLosses(mse, Optional.of(mse), Optional.empty());
    }
    // The bound trains the variance only (Nichol & Dhariwal 2021, §3.1): no gradient to the mean.
    Tensor frozen = Tensor.concat(1, told.detach(), output.slice(1, channels, channels));
    Tensor bound = bound(diffusion, frozen, xStart, x, c);
    Tensor vb = type == LossType.RESCALED_MSE ? bound.mul(steps / 1000.0) : bound;
    return new TrainingLosses(mse.add(vb), Optional.of(mse), Optional.of(vb));
  }

  private static Tensor bound(
      GaussianDiffusion diffusion, Tensor output, Tensor xStart, Tensor x, Coefficients c) {
    return VariationalBound.term(diffusion, output, xStart, x, c, UnaryOperator.identity()).bits();
  }
}
