package org.jdit.diffusion.sampler;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jdit.diffusion.Denoiser;
import org.jdit.diffusion.schedule.SigmaGrid;
import org.jdit.diffusion.schedule.SigmaGrid.VariancePreserving;
import org.jdit.tensor.Tensor;

/**
 * A solver whose every step is linear in what it has: the state, the noise ε that the network
 * predicts, and fresh noise. That holds for all multistep and Runge-Kutta solvers of the diffusion
 * ODE and SDE, so such a solver is a table of weights, worked out in double beforehand, and one
 * traced step serves them all. A weight that is 0 at every step is not traced; one that is always 1
 * costs no product. Variance channels are not read.
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
   * @param input what image and noise count in that input
   */
  record Level(double timestep, double inputScale, VariancePreserving input) {}

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
   * Works out the table for a network that predicts noise.
   *
   * @param states tensors carried from step to step, the image included
   */
  LinearSampler(
      List<Level> levels, double initialScale, int states, boolean drawsNoise, Rule rule) {
    this(levels, initialScale, states, drawsNoise, table(levels.size(), basis(states), rule));
  }

  private LinearSampler(
      List<Level> levels,
      double initialScale,
      int states,
      boolean drawsNoise,
      List<List<Combination>> table) {
    this.levels = List.copyOf(levels);
    this.initialScale = initialScale;
    this.states = states;
    this.drawsNoise = drawsNoise;
    this.table = table;
    int size = states + 2;
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

  /** The state, what the network predicts, fresh noise. */
  private static List<Combination> basis(int states) {
    return IntStream.range(0, states + 2).mapToObj(i -> Combination.of(i, states + 2)).toList();
  }

  private static List<List<Combination>> table(int steps, List<Combination> basis, Rule rule) {
    int states = basis.size() - 2;
    return IntStream.range(0, steps)
        .mapToObj(i -> rule.next(i, basis.subList(0, states), basis.get(states), basis.getLast()))
        .toList();
  }

  /** The same solver for a network that predicts the image: ε = (z - α x₀) / σ, z what it sees. */
  LinearSampler predictingImages() {
    List<Combination> basis = basis(states);
    Combination image = basis.get(states);
    List<List<Combination>> other = new ArrayList<>();
    for (int i = 0; i < steps(); i++) {
      Level level = levels.get(i);
      double sigma = level.input().sigma();
      Combination eps =
          basis
              .getFirst()
              .times(level.inputScale() / sigma)
              .plus(-level.input().alpha() / sigma, image);
      Combination change = eps.minus(image);
      other.add(table.get(i).stream().map(row -> row.plus(row.weight(states), change)).toList());
    }
    return new LinearSampler(levels, initialScale, states, drawsNoise, other);
  }

  /** Levels that scale nothing. */
  static List<Level> unscaled(SigmaGrid grid) {
    return IntStream.range(0, grid.steps())
        .mapToObj(i -> new Level(grid.timesteps().get(i), 1, grid.variancePreserving(i)))
        .toList();
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
