package org.jdit.diffusion.loss;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jdit.tensor.JditException;
import org.jdit.tensor.random.TorchGenerator;

/**
 * Chooses timesteps in proportion to √E[L²] of their last losses (Nichol &amp; Dhariwal 2021,
 * §3.3); uniformly until each has been seen often enough, and where all of these losses are 0.
 */
public final class LossSecondMomentSampler implements TimestepSampler {
  private final int remembered;
  private final double uniformShare;
  private final double[][] losses;
  private final int[] counts;

  /** Remembers ten losses of each timestep and chooses uniformly once in a thousand. */
  public LossSecondMomentSampler(int timesteps) {
    this(timesteps, 10, 0.001);
  }

  /**
   * A sampler.
   *
   * @param remembered losses kept of each timestep
   * @param uniformShare share of the choice that stays uniform, 0 to 1
   */
  public LossSecondMomentSampler(int timesteps, int remembered, double uniformShare) {
    this.remembered = remembered;
    this.uniformShare = uniformShare;
    losses = new double[timesteps][remembered];
    counts = new int[timesteps];
  }

  /**
   * Takes note of losses, each image's at its timestep.
   *
   * @throws JditException if one is infinite or NaN; then it takes note of none
   */
  public void update(List<Integer> timesteps, float... loss) {
    for (int i = 0; i < timesteps.size(); i++) {
      if (!Float.isFinite(loss[i])) {
        throw new JditException(
            "the loss at timestep %d is %s; leave out the update of a step that went wrong"
                .formatted(timesteps.get(i), loss[i]));
      }
    }
    for (int i = 0; i < timesteps.size(); i++) {
      int t = timesteps.get(i);
      if (counts[t] == remembered) {
        System.arraycopy(losses[t], 1, losses[t], 0, remembered - 1);
        counts[t]--;
      }
      losses[t][counts[t]++] = loss[i];
    }
  }

  /** The losses remembered of each timestep, the latest last. */
  public List<List<Double>> history() {
    return IntStream.range(0, counts.length)
        .mapToObj(t -> Arrays.stream(losses[t], 0, counts[t]).boxed().toList())
        .toList();
  }

  /**
   * Remembers what another sampler did.
   *
   * @param history as {@link #history} tells it
   * @throws IllegalArgumentException if it is of other timesteps or longer than what is kept
   */
  public void restore(List<List<Double>> history) {
    if (history.size() != counts.length || history.stream().anyMatch(h -> h.size() > remembered)) {
      throw new IllegalArgumentException("a history of another sampler");
    }
    for (int t = 0; t < counts.length; t++) {
      counts[t] = history.get(t).size();
      for (int i = 0; i < counts[t]; i++) {
        losses[t][i] = history.get(t).get(i);
      }
    }
  }

  /** The probability of each timestep now. */
  public double[] probabilities() {
    int n = counts.length;
    double[] p = new double[n];
    if (Arrays.stream(counts).anyMatch(c -> c < remembered)) {
      Arrays.fill(p, 1.0 / n);
      return p;
    }
    Arrays.setAll(p, t -> Math.sqrt(Arrays.stream(losses[t]).map(l -> l * l).sum() / remembered));
    double sum = Arrays.stream(p).sum();
    if (sum == 0) {
      Arrays.fill(p, 1.0 / n);
      return p;
    }
    Arrays.setAll(p, t -> p[t] / sum * (1 - uniformShare) + uniformShare / n);
    return p;
  }

  @Override
  public Draw draw(int batch, TorchGenerator generator) {
    double[] p = probabilities();
    double[] cumulative = p.clone();
    Arrays.parallelPrefix(cumulative, Double::sum);
    double total = cumulative[p.length - 1];
    List<Integer> timesteps = new ArrayList<>();
    List<Double> weights = new ArrayList<>();
    for (double u : generator.randDouble(batch)) {
      int t = 0;
      while (cumulative[t] <= u * total) {
        t++;
      }
      timesteps.add(t);
      weights.add(1 / (p.length * p[t]));
    }
    return new Draw(timesteps, weights);
  }
}
