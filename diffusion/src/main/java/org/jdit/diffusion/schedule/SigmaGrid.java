package org.jdit.diffusion.schedule;

import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * Noise levels for solvers that think in σ = √((1 - ᾱ) / ᾱ), noise over signal (Karras et al.
 * 2022), as the schedulers of the diffusers library choose them.
 *
 * @param timesteps what the network is told at each level; may be fractional
 * @param sigmas the levels, falling, and a final 0: one more than timesteps
 */
public record SigmaGrid(List<Double> timesteps, List<Double> sigmas) {
  private static final double RHO = 7;

  /** Copies the lists. */
  public SigmaGrid {
    timesteps = List.copyOf(timesteps);
    sigmas = List.copyOf(sigmas);
  }

  /** Number of levels above 0. */
  public int steps() {
    return timesteps.size();
  }

  /** Level {@code i}; 0 at {@code steps()}. */
  public double sigma(int i) {
    return sigmas.get(i);
  }

  /**
   * A grid for the Euler and Heun solvers.
   *
   * @param karras whether the levels between the ends follow equation 5 of Karras et al. 2022
   */
  public static SigmaGrid closed(
      NoiseSchedule trained, TimestepSpacing spacing, int steps, boolean karras) {
    double[] table = table(trained);
    List<Double> timesteps = spacing.timesteps(trained.steps(), steps);
    List<Double> sigmas = timesteps.stream().map(t -> interpolate(table, t)).toList();
    if (!karras) {
      return of(timesteps, sigmas);
    }
    List<Double> spread = karras(sigmas.getFirst(), sigmas.getLast(), steps);
    return of(spread.stream().map(s -> timestepOf(table, s)).toList(), spread);
  }

  /**
   * A grid for the DPM-Solver++ and UniPC solvers, with whole timesteps.
   *
   * @param karras whether the levels follow equation 5 of Karras et al. 2022, over the whole chain
   */
  public static SigmaGrid open(
      NoiseSchedule trained, TimestepSpacing spacing, int steps, boolean karras) {
    double[] table = table(trained);
    List<Double> timesteps = spacing.open(trained.steps(), steps);
    if (!karras) {
      return of(timesteps, timesteps.stream().map(t -> interpolate(table, t)).toList());
    }
    List<Double> spread = karras(table[table.length - 1], table[0], steps);
    return of(spread.stream().map(s -> Math.rint(timestepOf(table, s))).toList(), spread);
  }

  private static SigmaGrid of(List<Double> timesteps, List<Double> sigmas) {
    return new SigmaGrid(timesteps, Stream.concat(sigmas.stream(), Stream.of(0.0)).toList());
  }

  private static double[] table(NoiseSchedule trained) {
    return trained.values(Quantity.SQRT_RECIPM1_ALPHA_BAR);
  }

  private static List<Double> karras(double max, double min, int steps) {
    double from = Math.pow(max, 1 / RHO);
    double to = Math.pow(min, 1 / RHO);
    return DoubleStream.of(Betas.linspace(0, 1, steps))
        .mapToObj(ramp -> Math.pow(from + ramp * (to - from), RHO))
        .toList();
  }

  private static double interpolate(double[] table, double t) {
    int low = Math.min((int) t, table.length - 2);
    return table[low] + (t - low) * (table[low + 1] - table[low]);
  }

  /** The fractional timestep of a level, by interpolation of logarithms. */
  private static double timestepOf(double[] table, double sigma) {
    int above = Arrays.binarySearch(table, sigma);
    int low = Math.clamp(above >= 0 ? above : -above - 2, 0, table.length - 2);
    double w = Math.log(table[low] / sigma) / Math.log(table[low] / table[low + 1]);
    return low + Math.clamp(w, 0.0, 1.0);
  }

  /**
   * Equal to the noise level {@code sigma(i)} as the pair (α, σ) of x = α x₀ + σ ε, α² + σ² = 1.
   */
  public VariancePreserving variancePreserving(int i) {
    double alpha = 1 / Math.sqrt(sigma(i) * sigma(i) + 1);
    return new VariancePreserving(alpha, sigma(i) * alpha);
  }

  /**
   * A noise level in the parametrisation that networks are trained in.
   *
   * @param alpha factor of the image
   * @param sigma factor of the noise
   */
  public record VariancePreserving(double alpha, double sigma) {
    /** Half the logarithm of the signal-to-noise ratio; infinite without noise. */
    public double lambda() {
      return Math.log(alpha) - Math.log(sigma);
    }
  }
}
