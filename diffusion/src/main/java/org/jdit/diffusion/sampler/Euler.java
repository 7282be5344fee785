package org.jdit.diffusion.sampler;

import java.util.List;
import java.util.stream.IntStream;
import org.jdit.diffusion.schedule.SigmaGrid;
import org.jdit.diffusion.schedule.SigmaGrid.VariancePreserving;
import org.jdit.diffusion.schedule.TimestepSpacing;

/** Euler's method on dx/dσ = ε in the variance-exploding scale (Karras et al. 2022, §3). */
final class Euler {
  private Euler() {}

  static LinearSampler sampler(SigmaGrid grid, TimestepSpacing spacing) {
    return new LinearSampler(
        levels(grid),
        initialScale(grid, spacing),
        1,
        false,
        (i, state, eps, _) ->
            List.of(state.getFirst().plus(grid.sigma(i + 1) - grid.sigma(i), eps)));
  }

  /** The network wants unit variance: x / √(σ² + 1). */
  static List<LinearSampler.Level> levels(SigmaGrid grid) {
    return IntStream.range(0, grid.steps())
        .mapToObj(
            i -> {
              VariancePreserving input = grid.variancePreserving(i);
              return new LinearSampler.Level(grid.timesteps().get(i), input.alpha(), input);
            })
        .toList();
  }

  /** At the very end of the chain the image is all but noise; short of it, its share counts. */
  static double initialScale(SigmaGrid grid, TimestepSpacing spacing) {
    double sigma = grid.sigma(0);
    return spacing.kind() == TimestepSpacing.Kind.LEADING ? Math.sqrt(sigma * sigma + 1) : sigma;
  }
}
