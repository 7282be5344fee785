package org.jdit.diffusion.schedule;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedSet;
import java.util.stream.IntStream;
import org.jdit.tensor.JditException;

/**
 * A chain of timesteps 0 to {@link #steps()} - 1, from almost clean to almost pure noise, and all
 * that follows from its betas, in double. A respaced chain remembers which timesteps of the trained
 * chain its own stand for. Immutable.
 */
public final class NoiseSchedule {
  private final double[] timesteps;
  private final double[] alphaBar;
  private final double[] alphaBarPrev;
  private final double[] betas;

  private NoiseSchedule(
      double[] timesteps, double[] alphaBar, double[] alphaBarPrev, double[] betas) {
    this.timesteps = timesteps;
    this.alphaBar = alphaBar;
    this.alphaBarPrev = alphaBarPrev;
    this.betas = betas;
  }

  /**
   * One step of a chain.
   *
   * @param timestep what the network is told
   * @param alphaBar ᾱ where the step starts
   * @param alphaBarPrev ᾱ where it leads, nearer to 1
   */
  public record Jump(double timestep, double alphaBar, double alphaBarPrev) {}

  /** The chain of a named schedule ({@link Betas#named}). */
  public static NoiseSchedule named(String name, int steps) {
    return ofBetas(Betas.named(name, steps));
  }

  /**
   * The chain of given betas, which stands for itself.
   *
   * @throws IllegalArgumentException if there are none, or one is not in (0, 1]
   */
  public static NoiseSchedule ofBetas(double... betas) {
    return ofBetas(IntStream.range(0, betas.length).asDoubleStream().toArray(), betas);
  }

  private static NoiseSchedule ofBetas(double[] timesteps, double[] betas) {
    if (betas.length == 0) {
      throw new IllegalArgumentException("a noise schedule needs at least one timestep");
    }
    double[] alphaBar = new double[betas.length];
    double[] prev = new double[betas.length];
    double product = 1;
    for (int i = 0; i < betas.length; i++) {
      if (!(betas[i] > 0 && betas[i] <= 1)) {
        throw new IllegalArgumentException("beta " + betas[i] + " of timestep " + i);
      }
      prev[i] = product;
      product *= 1 - betas[i];
      alphaBar[i] = product;
    }
    return new NoiseSchedule(timesteps, alphaBar, prev, betas.clone());
  }

  /** A chain of explicit jumps, cleanest first; they need not meet. */
  public static NoiseSchedule ofJumps(List<Jump> jumps) {
    double[] now = jumps.stream().mapToDouble(Jump::alphaBar).toArray();
    double[] prev = jumps.stream().mapToDouble(Jump::alphaBarPrev).toArray();
    return new NoiseSchedule(
        jumps.stream().mapToDouble(Jump::timestep).toArray(),
        now,
        prev,
        IntStream.range(0, now.length).mapToDouble(i -> 1 - now[i] / prev[i]).toArray());
  }

  /**
   * The chain that visits only some timesteps of this one; its betas are such that ᾱ stays the same
   * there (Nichol &amp; Dhariwal 2021, §4).
   */
  public NoiseSchedule respaced(SortedSet<Integer> keep) {
    List<Double> kept = new ArrayList<>();
    List<Double> spaced = new ArrayList<>();
    double last = 1;
    for (int t : keep) {
      kept.add(timesteps[t]);
      spaced.add(1 - alphaBar[t] / last);
      last = alphaBar[t];
    }
    return ofBetas(
        kept.stream().mapToDouble(Double::doubleValue).toArray(),
        spaced.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /**
   * This chain as the diffusers library holds it: β and ᾱ rounded to float32. Near the clean end,
   * where 1 - ᾱ is small, its noise levels differ by up to 1e-4 of themselves.
   */
  public NoiseSchedule singlePrecision() {
    double[] rounded = Arrays.stream(betas).map(b -> (float) b).toArray();
    double[] now = new double[steps()];
    double[] prev = new double[steps()];
    double product = 1;
    for (int t = 0; t < now.length; t++) {
      prev[t] = t == 0 ? 1 : now[t - 1];
      product *= 1f - (float) betas[t];
      now[t] = (float) product;
    }
    return new NoiseSchedule(timesteps, now, prev, rounded);
  }

  /** Number of timesteps. */
  public int steps() {
    return betas.length;
  }

  /** The timestep of the trained chain that timestep {@code t} of this one stands for. */
  public double timestep(int t) {
    return timesteps[t];
  }

  /**
   * A quantity at a timestep.
   *
   * @throws JditException if the chain has one timestep only and the quantity needs a second
   */
  public double at(Quantity q, int t) {
    double ab = alphaBar[t];
    double prev = alphaBarPrev[t];
    return switch (q) {
      case BETA -> betas[t];
      case LOG_BETA -> Math.log(betas[t]);
      case ALPHA_BAR -> ab;
      case ALPHA_BAR_PREV -> prev;
      case ALPHA_BAR_NEXT -> t + 1 < steps() ? alphaBar[t + 1] : 0;
      case SQRT_ALPHA_BAR -> Math.sqrt(ab);
      case ONE_MINUS_ALPHA_BAR -> 1 - ab;
      case SQRT_ONE_MINUS_ALPHA_BAR -> Math.sqrt(1 - ab);
      case LOG_ONE_MINUS_ALPHA_BAR -> Math.log(1 - ab);
      case SQRT_RECIP_ALPHA_BAR -> Math.sqrt(1 / ab);
      case SQRT_RECIPM1_ALPHA_BAR -> Math.sqrt(1 / ab - 1);
      case POSTERIOR_VARIANCE -> betas[t] * (1 - prev) / (1 - ab);
      case POSTERIOR_LOG_VARIANCE -> Math.log(at(Quantity.POSTERIOR_VARIANCE, notFirst(t)));
      case POSTERIOR_MEAN_X_START -> betas[t] * Math.sqrt(prev) / (1 - ab);
      case POSTERIOR_MEAN_X -> (1 - prev) * Math.sqrt(1 - betas[t]) / (1 - ab);
      case LARGE_VARIANCE -> t == 0 ? at(Quantity.POSTERIOR_VARIANCE, notFirst(t)) : betas[t];
      case LARGE_LOG_VARIANCE -> Math.log(at(Quantity.LARGE_VARIANCE, t));
      case NOT_FIRST -> t == 0 ? 0 : 1;
    };
  }

  private int notFirst(int t) {
    if (steps() == 1) {
      throw new JditException(
          "a diffusion of one timestep has no posterior variance: use two timesteps or more");
    }
    return Math.max(t, 1);
  }

  /**
   * A quantity at every timestep. {@link Quantity#POSTERIOR_LOG_VARIANCE} of a chain of one
   * timestep is empty.
   */
  public double[] values(Quantity q) {
    boolean none = q == Quantity.POSTERIOR_LOG_VARIANCE && steps() == 1;
    return IntStream.range(0, none ? 0 : steps()).mapToDouble(t -> at(q, t)).toArray();
  }

  /**
   * All quantities of some timesteps, rounded to float: one row for each timestep, one column for
   * each {@link Quantity} in its order.
   */
  public float[] rows(int... t) {
    Quantity[] columns = Quantity.values();
    float[] rows = new float[t.length * columns.length];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = (float) at(columns[i % columns.length], t[i / columns.length]);
    }
    return rows;
  }
}
