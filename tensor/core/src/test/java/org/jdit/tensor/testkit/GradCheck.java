package org.jdit.tensor.testkit;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.autodiff.Autodiff;
import org.jdit.tensor.program.Program;

/** Gradients against difference quotients, both in double precision. */
public final class GradCheck {
  /**
   * Fourth-order central differences: with steps of 1e-3 the truncation is about 1e-12 of the fifth
   * derivative and rounding about 1e-13 of the value.
   */
  private static final double STEP = 1e-3;

  /**
   * 1e-6 of the largest element leaves room for fifth derivatives of 1e5; the absolute part is for
   * gradients that vanish and covers the rounding of values up to 1000.
   */
  private static final Tolerance BOUND = new Tolerance(1e-9, 0, 1e-6);

  private static final List<Integer> STEPS = List.of(-2, -1, 1, 2);

  private GradCheck() {}

  /** {@link #check(Program, Map, Collection)} by all floating-point inputs. */
  public static void check(Program p, Map<String, double[]> at) {
    check(
        p,
        at,
        p.inputs().stream()
            .filter(i -> p.spec(i.id()).dtype().isFloating())
            .map(i -> i.name())
            .toList());
  }

  /**
   * Fails unless {@link Autodiff#valueAndGrad} of the first output, a scalar, agrees with
   * difference quotients. The function must be smooth within a few thousandths around {@code at}.
   *
   * @param at values of all inputs by name
   * @param wrt inputs to differentiate by
   */
  public static void check(Program p, Map<String, double[]> at, Collection<String> wrt) {
    Map<String, double[]> results = ReferenceBackend.evaluate(Autodiff.valueAndGrad(p, wrt), at);
    for (String name : wrt) {
      BOUND.assertClose("gradient by " + name, results.get("grad." + name), quotients(p, at, name));
    }
  }

  private static double[] quotients(Program p, Map<String, double[]> at, String name) {
    Program plain = ReferenceBackend.plain(p);
    double[] x = at.get(name).clone();
    Map<String, double[]> moved = new HashMap<>(at);
    moved.put(name, x);
    double[] d = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      double centre = x[i];
      double h = STEP * Math.max(1, Math.abs(centre));
      double sum = 0;
      // f' = (f(-2h) - 8 f(-h) + 8 f(h) - f(2h)) / 12h
      for (int step : STEPS) {
        x[i] = centre + step * h;
        // The weight is odd in the step: 8 at one, -1 at two.
        sum += (Math.abs(step) == 1 ? 8 : -1) * Integer.signum(step) * loss(plain, moved);
      }
      x[i] = centre;
      d[i] = sum / (12 * h);
    }
    return d;
  }

  private static double loss(Program p, Map<String, double[]> at) {
    return ReferenceBackend.evaluate(p, at).get(p.outputs().getFirst().name())[0];
  }
}
