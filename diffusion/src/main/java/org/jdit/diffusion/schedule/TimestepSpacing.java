package org.jdit.diffusion.schedule;

import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jdit.tensor.JditException;

/**
 * How few timesteps are laid over a trained chain (Lin et al. 2024, table 2, and the schedulers of
 * the diffusers library). All lists run from noise to image.
 *
 * @param kind the rule
 * @param offset added to every {@link Kind#LEADING} timestep
 */
public record TimestepSpacing(Kind kind, int offset) {
  /** The rules. */
  public enum Kind {
    /** A whole stride, from 0: the noisiest timesteps are left out. */
    LEADING,
    /** Evenly from the first to the last timestep. */
    LINSPACE,
    /** A fractional stride, counted down from the last timestep. */
    TRAILING
  }

  /** Multiples of a whole stride. */
  public static final TimestepSpacing LEADING = new TimestepSpacing(Kind.LEADING, 0);

  /** From end to end. */
  public static final TimestepSpacing LINSPACE = new TimestepSpacing(Kind.LINSPACE, 0);

  /** Counted down from the end. */
  public static final TimestepSpacing TRAILING = new TimestepSpacing(Kind.TRAILING, 0);

  /**
   * {@code steps} timesteps of a chain of {@code trained}; {@link Kind#LINSPACE} gives fractions.
   *
   * @throws JditException if there are fewer than one or more than were trained
   */
  public List<Double> timesteps(int trained, int steps) {
    check(trained, steps);
    return switch (kind) {
      case LEADING -> leading(trained, steps, steps);
      case LINSPACE -> linspace(trained, steps);
      case TRAILING -> trailing(trained, steps);
    };
  }

  /**
   * Whole timesteps for solvers whose last step leads to the image: the cleanest point of {@code
   * steps + 1} is left out ({@link Kind#TRAILING} has no such point).
   *
   * @throws JditException if there are fewer than one or more than were trained, or as many and no
   *     point is left to be left out
   */
  public List<Double> open(int trained, int steps) {
    check(trained, steps);
    if (kind != Kind.TRAILING && steps == trained) {
      throw new JditException(
          "%d sampling steps of as many trained leave no point for %s spacing to end at; use 1 to %d"
              .formatted(steps, kind.name().toLowerCase(Locale.ROOT), trained - 1));
    }
    return switch (kind) {
      case LEADING -> leading(trained, steps + 1, steps);
      case LINSPACE ->
          linspace(trained, steps + 1).subList(0, steps).stream().map(Math::rint).toList();
      case TRAILING -> trailing(trained, steps);
    };
  }

  private static void check(int trained, int steps) {
    if (steps < 1 || steps > trained) {
      throw new JditException(
          "%d sampling steps of a network trained on %d; use 1 to %2$d".formatted(steps, trained));
    }
  }

  private List<Double> leading(int trained, int points, int count) {
    int stride = trained / points;
    if ((points - 1) * stride + offset >= trained) {
      throw new JditException(
          "an offset of %d moves %d timesteps beyond the last of %d; use fewer steps or no offset"
              .formatted(offset, points, trained));
    }
    return IntStream.range(0, count)
        .mapToObj(i -> (double) (points - 1 - i) * stride + offset)
        .toList();
  }

  private static List<Double> linspace(int trained, int count) {
    double[] up = Betas.linspace(0, trained - 1, count);
    return IntStream.range(0, count).mapToObj(i -> up[count - 1 - i]).toList();
  }

  private static List<Double> trailing(int trained, int count) {
    double stride = (double) trained / count;
    return IntStream.range(0, count).mapToObj(i -> Math.rint(trained - i * stride) - 1).toList();
  }
}
