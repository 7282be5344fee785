package org.jdit.tensor.testkit;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** What a tolerance lets pass, and what it says when it does not. */
class ToleranceTest {
  private static final double[] ONES = {1, 1, 1};

  @Test
  void boundsAddUp() {
    Tolerance t = new Tolerance(0.01, 0.1);
    assertThatCode(() -> t.assertClose("x", new double[] {1.1, 0.9, 1}, ONES))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> t.assertClose("x", new double[] {1.1, 0.5, 1.2}, ONES))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("x[1]: 0.5, expected 1.0");
  }

  @Test
  void relativeToTheLargestElement() {
    double[] expected = {100, 0};
    assertThatCode(
            () -> Tolerance.relToMax(1e-3).assertClose("x", new double[] {100, 0.09}, expected))
        .doesNotThrowAnyException();
    assertThatThrownBy(
            () -> Tolerance.relToMax(1e-3).assertClose("x", new double[] {100, 0.11}, expected))
        .isInstanceOf(AssertionError.class);
  }

  @Test
  void nanFailsOnEitherSideAndEqualInfinitiesPass() {
    Tolerance loose = new Tolerance(1e9, 1e9);
    double[] nan = {1, Double.NaN, 1};
    assertThatThrownBy(() -> loose.assertClose("x", nan, ONES)).hasMessageContaining("x[1]");
    assertThatThrownBy(() -> loose.assertClose("x", ONES, nan)).hasMessageContaining("x[1]");
    assertThatCode(() -> loose.assertCloseWithNaN("x", nan, nan)).doesNotThrowAnyException();
    double[] infinite = {Double.POSITIVE_INFINITY};
    assertThatCode(() -> Tolerance.EXACT.assertClose("x", infinite, infinite))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> loose.assertClose("x", new double[] {1}, infinite))
        .isInstanceOf(AssertionError.class);
    assertThatThrownBy(
            () -> loose.assertClose("x", infinite, new double[] {Double.NEGATIVE_INFINITY}))
        .isInstanceOf(AssertionError.class);
  }

  @Test
  void anotherNumberOfElementsFails() {
    assertThatThrownBy(() -> Tolerance.relToMax(1).assertClose("x", new double[] {1, 1}, ONES))
        .hasMessageContaining("2 elements, expected 3");
  }
}
