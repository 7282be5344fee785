package org.jdit.diffusion.schedule;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import org.jdit.tensor.JditException;

/** Variances β of the forward process, by the names under which the literature knows them. */
public final class Betas {
  private static final double MAX_BETA = 0.999;

  private Betas() {}

  /**
   * A schedule that keeps its meaning for any number of steps.
   *
   * @param name {@code linear} (Ho et al. 2020, §4, scaled to the number of steps) or {@code
   *     squaredcos_cap_v2} (Nichol &amp; Dhariwal 2021, equation 17)
   * @throws JditException if there is no schedule of that name
   */
  public static double[] named(String name, int steps) {
    double scale = 1000.0 / steps;
    return switch (name) {
      case "linear" -> linspace(scale * 0.0001, scale * 0.02, steps);
      case "squaredcos_cap_v2" ->
          forAlphaBar(steps, t -> Math.pow(Math.cos((t + 0.008) / 1.008 * Math.PI / 2), 2));
      default ->
          throw new JditException(
              "no noise schedule is called %s; there are linear and squaredcos_cap_v2"
                  .formatted(name));
    };
  }

  /**
   * An older schedule between two values of β.
   *
   * @param name {@code quad}, {@code linear}, {@code warmup10}, {@code warmup50}, {@code const} or
   *     {@code jsd}
   * @throws JditException if there is no schedule of that name
   */
  public static double[] between(String name, double start, double end, int steps) {
    return switch (name) {
      case "quad" ->
          Arrays.stream(linspace(Math.sqrt(start), Math.sqrt(end), steps))
              .map(b -> b * b)
              .toArray();
      case "linear" -> linspace(start, end, steps);
      case "warmup10" -> warmup(start, end, steps, 0.1);
      case "warmup50" -> warmup(start, end, steps, 0.5);
      case "const" -> warmup(start, end, steps, 0);
      case "jsd" -> Arrays.stream(linspace(steps, 1, steps)).map(n -> 1 / n).toArray();
      default ->
          throw new JditException(
              "no beta schedule is called %s; there are quad, linear, warmup10, warmup50, const, jsd"
                  .formatted(name));
    };
  }

  /** The betas whose products of (1 - β) follow ᾱ(t), t in [0, 1]; each at most 0.999. */
  private static double[] forAlphaBar(int steps, DoubleUnaryOperator alphaBar) {
    double[] betas = new double[steps];
    for (int i = 0; i < steps; i++) {
      double now = alphaBar.applyAsDouble((double) i / steps);
      double next = alphaBar.applyAsDouble((i + 1.0) / steps);
      betas[i] = Math.min(1 - next / now, MAX_BETA);
    }
    return betas;
  }

  private static double[] warmup(double start, double end, int steps, double fraction) {
    double[] betas = new double[steps];
    Arrays.fill(betas, end);
    double[] rise = linspace(start, end, (int) (steps * fraction));
    System.arraycopy(rise, 0, betas, 0, rise.length);
    return betas;
  }

  /** Evenly spaced numbers from {@code start} to {@code stop}, both included (numpy.linspace). */
  static double[] linspace(double start, double stop, int count) {
    double[] a = new double[count];
    double step = (stop - start) / Math.max(1, count - 1);
    for (int i = 0; i < count; i++) {
      a[i] = i > 0 && i == count - 1 ? stop : start + i * step;
    }
    return a;
  }
}
