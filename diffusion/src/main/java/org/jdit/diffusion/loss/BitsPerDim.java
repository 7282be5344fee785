package org.jdit.diffusion.loss;

import java.util.List;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jdit.diffusion.Coefficients;
import org.jdit.diffusion.Denoiser;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.tensor.Tensor;

/**
 * The whole variational bound of images, in bits per dimension.
 *
 * @param total for each image
 * @param prior the part of the prior
 * @param terms those of each timestep, the noisiest first
 */
public record BitsPerDim(List<Double> total, List<Double> prior, List<Term> terms) {
  /** Copies the lists. */
  public BitsPerDim {
    total = List.copyOf(total);
    prior = List.copyOf(prior);
    terms = List.copyOf(terms);
  }

  /**
   * What a timestep contributes, for each image.
   *
   * @param vb bits per dimension
   * @param xStartMse squared error of the predicted image
   * @param mse squared error of the predicted noise
   */
  public record Term(List<Double> vb, List<Double> xStartMse, List<Double> mse) {
    /** Copies the lists. */
    public Term {
      vb = List.copyOf(vb);
      xStartMse = List.copyOf(xStartMse);
      mse = List.copyOf(mse);
    }
  }

  /**
   * The same as tensors {@code [N]}.
   *
   * @param vb bits per dimension
   * @param xStartMse squared error of the predicted image
   * @param mse squared error of the predicted noise
   */
  public record TermTensors(Tensor vb, Tensor xStartMse, Tensor mse) {}

  /** What one timestep contributes; traceable, one Program for all timesteps. */
  public static TermTensors term(
      GaussianDiffusion diffusion,
      Denoiser model,
      Tensor xStart,
      Tensor timestep,
      Coefficients c,
      Tensor noise,
      UnaryOperator<Tensor> denoised) {
    Tensor x = diffusion.qSample(xStart, noise, c);
    VariationalBound.Term vb =
        VariationalBound.term(diffusion, model.predict(x, timestep), xStart, x, c, denoised);
    Tensor eps = diffusion.epsOf(vb.xStart(), x, c);
    return new TermTensors(
        vb.bits(),
        VariationalBound.perImage(vb.xStart().sub(xStart).square()),
        VariationalBound.perImage(eps.sub(noise).square()));
  }

  /**
   * Adds up all timesteps, from the noisiest down, in which order fresh noise is to be drawn.
   *
   * @param prior {@link VariationalBound#prior}, for each image
   * @param at computes the term of a timestep with fresh noise
   */
  public static BitsPerDim sum(int timesteps, List<Double> prior, IntFunction<Term> at) {
    List<Term> terms =
        IntStream.iterate(timesteps - 1, t -> t >= 0, t -> t - 1).mapToObj(at).toList();
    List<Double> total =
        IntStream.range(0, prior.size())
            .mapToObj(i -> prior.get(i) + terms.stream().mapToDouble(t -> t.vb().get(i)).sum())
            .toList();
    return new BitsPerDim(total, prior, terms);
  }
}
