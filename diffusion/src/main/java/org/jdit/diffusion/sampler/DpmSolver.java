package org.jdit.diffusion.sampler;

import java.util.ArrayList;
import java.util.List;
import org.jdit.diffusion.schedule.SigmaGrid;
import org.jdit.diffusion.schedule.SigmaGrid.VariancePreserving;

/**
 * DPM-Solver++ multistep, of order 1 to 3, and its SDE form of order 1 and 2 (Lu et al. 2022,
 * algorithm 2 and appendix). The history is the images predicted at the steps before. With fewer
 * than 15 steps the order falls towards the end; the last step, to σ = 0, is of order 1.
 */
final class DpmSolver {
  private static final int FEW_STEPS = 15;

  private final SigmaGrid grid;
  private final int order;
  private final boolean sde;

  private DpmSolver(SigmaGrid grid, int order, boolean sde) {
    this.grid = grid;
    this.order = order;
    this.sde = sde;
  }

  static LinearSampler sampler(SigmaGrid grid, int order, boolean sde) {
    return new LinearSampler(
        LinearSampler.unscaled(grid), 1, order, sde, new DpmSolver(grid, order, sde)::next);
  }

  private int orderAt(int step) {
    int left = grid.steps() - step;
    int started = Math.min(order, step + 1);
    if (left == 1) {
      return 1;
    }
    return left == 2 && grid.steps() < FEW_STEPS ? Math.min(started, 2) : started;
  }

  private List<Combination> next(
      int i, List<Combination> state, Combination eps, Combination noise) {
    Combination x = state.getFirst();
    VariancePreserving from = grid.variancePreserving(i);
    VariancePreserving to = grid.variancePreserving(i + 1);
    Combination image = predictedImage(x, eps, from);
    double h = to.lambda() - from.lambda();
    // Differences of predicted images over steps in λ, relative to this step.
    double decay = sde ? -2 * h : -h;
    double phi = -Math.expm1(decay);
    Combination next =
        x.times(to.sigma() / from.sigma() * (sde ? Math.exp(-h) : 1)).plus(to.alpha() * phi, image);
    int p = orderAt(i);
    if (p == 2) {
      next = next.plus(to.alpha() * phi / 2, slope(i, h, image, state.get(1)));
    } else if (p == 3) {
      Combination d0 = slope(i, h, image, state.get(1));
      Combination d1 = slope(i - 1, h, state.get(1), state.get(2));
      double r0 = ratio(i, h);
      double r1 = ratio(i - 1, h);
      Combination curve = d0.minus(d1).times(1 / (r0 + r1));
      next =
          next.plus(to.alpha() * (1 - phi / h), d0.plus(r0, curve))
              .plus(to.alpha() * ((phi - h) / (h * h) + 0.5), curve);
    }
    if (sde) {
      next = next.plus(to.sigma() * Math.sqrt(phi), noise);
    }
    List<Combination> all = new ArrayList<>(List.of(next, image));
    all.addAll(state.subList(1, order));
    return all.subList(0, order);
  }

  private Combination slope(int i, double h, Combination now, Combination before) {
    return now.minus(before).times(1 / ratio(i, h));
  }

  /** The step in λ before level {@code i}, over {@code h}. */
  private double ratio(int i, double h) {
    return (grid.variancePreserving(i).lambda() - grid.variancePreserving(i - 1).lambda()) / h;
  }

  /** x₀ = (x - σ ε) / α. */
  static Combination predictedImage(Combination x, Combination eps, VariancePreserving at) {
    return x.plus(-at.sigma(), eps).times(1 / at.alpha());
  }
}
