package org.jdit.diffusion.sampler;

import java.util.List;
import java.util.stream.IntStream;
import org.jdit.diffusion.schedule.SigmaGrid;
import org.jdit.diffusion.schedule.TimestepSpacing;

/**
 * Heun's second-order method (Karras et al. 2022, algorithm 1): an Euler step to the next level,
 * then the same step again with the mean of the slopes at both ends. Each network call is a step of
 * its own, 2n - 1 in all, as the last level has one slope only. The history is where the pair of
 * calls began and the slope there.
 */
final class Heun {
  private Heun() {}

  static LinearSampler sampler(SigmaGrid grid, TimestepSpacing spacing) {
    List<LinearSampler.Level> once = Euler.levels(grid);
    return new LinearSampler(
        IntStream.range(0, 2 * grid.steps() - 1).mapToObj(i -> once.get((i + 1) / 2)).toList(),
        Euler.initialScale(grid, spacing),
        3,
        false,
        (i, state, eps, _) -> {
          double step = grid.sigma(i / 2 + 1) - grid.sigma(i / 2);
          Combination x = state.get(0);
          Combination start = state.get(1);
          Combination slope = state.get(2);
          return i % 2 == 0
              ? List.of(x.plus(step, eps), x, eps)
              : List.of(start.plus(step / 2, slope.plus(eps)), start, slope);
        });
  }
}
