package org.jdit.tensor.testkit;

import java.util.Arrays;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;

/**
 * How close numbers must be: {@code |a - b| <= atol + rtol·|b| + ofMax·max|b|} for each element,
 * with {@code b} the expected tensor. A NaN on either side fails; equal infinities pass.
 *
 * @param atol absolute bound
 * @param rtol bound relative to the element
 * @param ofMax bound relative to the largest magnitude of the expected tensor
 */
public record Tolerance(double atol, double rtol, double ofMax) {
  /** The same numbers. */
  public static final Tolerance EXACT = new Tolerance(0, 0);

  /** {@code |a - b| <= atol + rtol·|b|}. */
  public Tolerance(double atol, double rtol) {
    this(atol, rtol, 0);
  }

  /** {@code |a - b| <= bound · max|b|}: the "rel" of the reference data. */
  public static Tolerance relToMax(double bound) {
    return new Tolerance(0, 0, bound);
  }

  /** What two sources of error come to together. */
  public Tolerance plus(Tolerance other) {
    return new Tolerance(atol + other.atol, rtol + other.rtol, ofMax + other.ofMax);
  }

  /** Fails with the worst element unless {@code actual} is close to {@code expected}. */
  public void assertClose(String name, double[] actual, double[] expected) {
    check(name, actual, expected, false);
  }

  /** As {@link #assertClose(String, double[], double[])}. */
  public void assertClose(String name, float[] actual, double[] expected) {
    check(name, doubles(actual), expected, false);
  }

  /** As {@link #assertClose(String, double[], double[])}. */
  public void assertClose(String name, float[] actual, float[] expected) {
    check(name, doubles(actual), doubles(expected), false);
  }

  /**
   * As {@link #assertClose(String, double[], double[])}; only the number of elements is checked.
   */
  public void assertClose(String name, Tensor actual, double[] expected) {
    check(name, actual.toDoubles(), expected, false);
  }

  /** As {@link #assertClose(String, double[], double[])}, and of that shape. */
  public void assertClose(String name, Tensor actual, Shape shape, double[] expected) {
    if (!actual.shape().equals(shape)) {
      throw new AssertionError(name + ": shape " + actual.shape() + ", expected " + shape);
    }
    check(name, actual.toDoubles(), expected, false);
  }

  /** As {@link #assertClose(String, double[], double[])}, and of the same shape. */
  public void assertClose(String name, Tensor actual, Tensor expected) {
    assertClose(name, actual, expected.shape(), expected.toDoubles());
  }

  /** As {@link #assertClose(String, double[], double[])}, but NaN must be where NaN is expected. */
  public void assertCloseWithNaN(String name, double[] actual, double[] expected) {
    check(name, actual, expected, true);
  }

  private void check(String name, double[] actual, double[] expected, boolean nanEqualsNan) {
    if (actual.length != expected.length) {
      throw new AssertionError(
          name + ": " + actual.length + " elements, expected " + expected.length);
    }
    double scale = Arrays.stream(expected).map(Math::abs).filter(Double::isFinite).max().orElse(0);
    int worst = -1;
    double excess = 0;
    for (int i = 0; i < actual.length; i++) {
      double a = actual[i];
      double b = expected[i];
      if (a == b || (nanEqualsNan && Double.isNaN(a) && Double.isNaN(b))) {
        continue;
      }
      if (Double.isNaN(a) || Double.isNaN(b)) {
        throw new AssertionError("%s[%d]: %s, expected %s".formatted(name, i, a, b));
      }
      double over = Math.abs(a - b) / (atol + rtol * Math.abs(b) + ofMax * scale);
      // An infinity on one side only gives NaN here if the bound is infinite too.
      if (!(over <= Math.max(1, excess))) {
        worst = i;
        excess = over;
      }
    }
    if (worst >= 0) {
      throw new AssertionError(
          "%s[%d]: %s, expected %s: off by %.3g, %.3g times the bound (max|expected| %.3g)"
              .formatted(
                  name,
                  worst,
                  actual[worst],
                  expected[worst],
                  Math.abs(actual[worst] - expected[worst]),
                  excess,
                  scale));
    }
  }

  private static double[] doubles(float[] a) {
    double[] d = new double[a.length];
    Arrays.setAll(d, i -> a[i]);
    return d;
  }
}
