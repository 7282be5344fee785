package org.jdit.diffusion.sampler;

import java.util.List;
import org.jdit.diffusion.schedule.SigmaGrid;
import org.jdit.diffusion.schedule.TimestepSpacing;

/** An Euler step beyond the next level, then fresh noise back up to it: ancestral sampling. */
final class EulerAncestral {
  private EulerAncestral() {}

  static LinearSampler sampler(SigmaGrid grid, TimestepSpacing spacing) {
    return new LinearSampler(
        Euler.levels(grid),
        Euler.initialScale(grid, spacing),
        1,
        true,
        (i, state, eps, noise) -> {
          double from = square(grid.sigma(i));
          double to = square(grid.sigma(i + 1));
          double up = to * (from - to) / from;
          double down = Math.sqrt(to - up);
          return List.of(
              state.getFirst().plus(down - grid.sigma(i), eps).plus(Math.sqrt(up), noise));
        });
  }

  private static double square(double a) {
    return a * a;
  }
}
