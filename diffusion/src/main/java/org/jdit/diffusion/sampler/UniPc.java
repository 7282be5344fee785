package org.jdit.diffusion.sampler;

import java.util.List;
import org.jdit.diffusion.schedule.SigmaGrid;
import org.jdit.diffusion.schedule.SigmaGrid.VariancePreserving;

/**
 * UniPC of order 2 with B(h) = eʰ - 1, predicting images (Zhao et al. 2023, algorithms 1 and 2):
 * each network call first corrects the image it was given (UniC), then predicts the next one
 * (UniP). The history is the corrected image before and the images predicted at the two steps
 * before.
 */
final class UniPc {
  private final SigmaGrid grid;

  private UniPc(SigmaGrid grid) {
    this.grid = grid;
  }

  static LinearSampler sampler(SigmaGrid grid) {
    return new LinearSampler(LinearSampler.unscaled(grid), 1, 4, false, new UniPc(grid)::next);
  }

  /** The order of the step that leaves level {@code i}: 1 at both ends. */
  private int orderAt(int i) {
    return i == 0 || i == grid.steps() - 1 ? 1 : 2;
  }

  private List<Combination> next(
      int i, List<Combination> state, Combination eps, Combination noise) {
    Combination before = state.get(1);
    Combination image1 = state.get(2);
    Combination image2 = state.get(3);
    Combination image = DpmSolver.predictedImage(state.getFirst(), eps, grid.variancePreserving(i));
    Combination x = i == 0 ? state.getFirst() : corrected(i - 1, before, image, image1, image2);
    return List.of(predicted(i, x, image, image1), x, image, image1);
  }

  /** UniP from level {@code i}: the slope counts half whatever the step sizes are. */
  private Combination predicted(int i, Combination x, Combination image, Combination image1) {
    Combination next = firstOrder(i, x, image);
    return orderAt(i) == 1
        ? next
        : next.plus(weight(i) / 2, image1.minus(image).times(1 / ratio(i)));
  }

  /** UniC of the step that left level {@code i}, now that the image it led to is predicted. */
  private Combination corrected(
      int i, Combination before, Combination now, Combination image, Combination image1) {
    Combination next = firstOrder(i, before, image);
    Combination change = now.minus(image);
    if (orderAt(i) == 1) {
      return next.plus(weight(i) / 2, change);
    }
    // Two conditions on the weights ρ of the past and the new slope: ρ₁ + ρ₂ = b₁, r ρ₁ + ρ₂ = b₂.
    double h = -step(i);
    double r = ratio(i);
    double phi1 = Math.expm1(h);
    double phi2 = phi1 / h - 1;
    double phi3 = phi2 / h - 0.5;
    double b1 = phi2 / phi1;
    double b2 = 2 * phi3 / phi1;
    double past = (b1 - b2) / (1 - r);
    return next.plus(weight(i) * past, image1.minus(image).times(1 / r))
        .plus(weight(i) * (b1 - past), change);
  }

  private Combination firstOrder(int i, Combination x, Combination image) {
    VariancePreserving from = grid.variancePreserving(i);
    VariancePreserving to = grid.variancePreserving(i + 1);
    return x.times(to.sigma() / from.sigma()).plus(weight(i), image);
  }

  /** -α B(h) of the step that leaves level {@code i}. */
  private double weight(int i) {
    return -grid.variancePreserving(i + 1).alpha() * Math.expm1(-step(i));
  }

  private double step(int i) {
    return grid.variancePreserving(i + 1).lambda() - grid.variancePreserving(i).lambda();
  }

  /** The step before level {@code i}, backwards, over the one after it. */
  private double ratio(int i) {
    return -step(i - 1) / step(i);
  }
}
