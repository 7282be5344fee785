package org.jdit.diffusion.sampler;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jdit.diffusion.Denoiser;
import org.jdit.tensor.Tensor;

/**
 * A solver whose every step is linear in what it has: the state, the noise ε that the network
 * predicts, and fresh noise. That holds for all multistep and Runge-Kutta solvers of the diffusion
 * ODE and SDE, so such a solver is a table of weights, worked out in double beforehand, and one
 * traced step serves them all. A weight that is 0 at every step is not traced; one that is always 1
 * costs no product. The network must predict noise; variance channels are not read.
 */
public final class LinearSampler implements Sampler {
  private final List<Level> levels;
  private final double initialScale;
  private final boolean drawsNoise;
  private final int states;
  private final List<List<Combination>> table;

  /** Every weight of a step in order, and where it is to be found. */
  private final List<Weight> weights = new ArrayList<>();

  /**
   * One network call.
   *
   * @param timestep what the network is told
   * @param inputScale factor on the state's image that makes the network's input
   */
  record Level(double timestep, double inputScale) {}

  /** The rule of a solver. */
  @FunctionalInterface
  interface Rule {
    /**
     * The state after a step.
     *
     * @param state the image, then the history
     * @param eps what the network predicts at this step
     * @param noise fresh noise
     */
    List<Combination> next(int step, List<Combination> state, Combination eps, Combination noise);
  }

  private record Weight(int row, int column, boolean constantOne) {}

  /**
   * Works out the table.
   *
   * @param states tensors carried from step to step, the image included
   */
  LinearSampler(
      List<Level> levels, double initialScale, int states, boolean drawsNoise, Rule rule) {
    this.levels = List.copyOf(levels);
    this.initialScale = initialScale;
    this.states = states;
    this.drawsNoise = drawsNoise;
    int size = states + 2;
    List<Combination> basis =
        IntStream.range(0, size).mapToObj(i -> Combination.of(i, size)).toList();
    this.table =
        IntStream.range(0, levels.size())
            .mapToObj(
                i -> rule.next(i, basis.subList(0, states), basis.get(states), basis.getLast()))
            .toList();
    for (int row = 0; row < states; row++) {
      for (int column = 0; column < size; column++) {
        int r = row;
        int c = column;
        if (table.stream().anyMatch(m -> m.get(r).weight(c) != 0)) {
          boolean one = table.stream().allMatch(m -> m.get(r).weight(c) == 1);
          weights.add(new Weight(row, column, one));
        }
      }
    }
  }

  /** Levels that scale nothing. */
  static List<Level> unscaled(List<Double> timesteps) {
    return timesteps.stream().map(t -> new Level(t, 1)).toList();
  }

  @Override
  public int steps() {
    return levels.size();
  }

  @Override
  public double timestep(int step) {
    return levels.get(step).timestep();
  }

  @Override
  public double initialScale() {
    return initialScale;
  }

  @Override
  public double inputScale(int step) {
    return levels.get(step).inputScale();
  }

  /** What the network is about to see at the next step. */
  @Override
  public double displayScale(int step) {
    return step + 1 < steps() ? inputScale(step + 1) : 1;
  }

  @Override
  public boolean drawsNoise(int step) {
    return drawsNoise;
  }

  @Override
  public int history() {
    return states - 1;
  }

  /** The input scale, then the weights that are traced. */
  @Override
  public float[] coefficients(int step) {
    ToDoubleFunction<Weight> at = w -> table.get(step).get(w.row()).weight(w.column());
    float[] row = new float[1 + weights.size()];
    row[0] = (float) inputScale(step);
    for (int i = 0; i < weights.size(); i++) {
      row[1 + i] = (float) at.applyAsDouble(weights.get(i));
    }
    return row;
  }

  @Override
  public State step(
      Denoiser model, State state, Tensor timestep, Tensor coefficients, Tensor noise) {
    Tensor x = state.x();
    boolean scaled = levels.stream().anyMatch(l -> l.inputScale() != 1);
    Tensor input = scaled ? x.mul(coefficients.slice(1, 0, 1)) : x;
    List<Tensor> operands = new ArrayList<>();
    operands.add(x);
    operands.addAll(state.history());
    operands.add(model.predict(input, timestep).slice(1, 0, x.dim(1)));
    operands.add(noise);
    Tensor[] next = new Tensor[states];
    for (int i = 0; i < weights.size(); i++) {
      Weight w = weights.get(i);
      Tensor operand = operands.get(w.column());
      Tensor term = w.constantOne() ? operand : operand.mul(coefficients.slice(1, 1 + i, 1));
      next[w.row()] = next[w.row()] == null ? term : next[w.row()].add(term);
    }
    return new State(next[0], List.of(next).subList(1, states));
  }
}
