package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.testkit.ReferenceOps;
import org.junit.jupiter.api.Test;

/**
 * The vector functions stay within the stated error of {@link StrictMath} in double precision, on
 * samples that cover every binade.
 */
@EveryWidth
class VectorMathTest {
  @Test
  void expIsWithinOneUlpFromUnderflowToOverflow() {
    float[] x = linear(-104.5f, 88.8f, 400_000);
    assertThat(largestUlp(x, VectorMath::exp, StrictMath::exp)).isLessThanOrEqualTo(1);
  }

  @Test
  void expOfSpecialValues() {
    assertThat(apply(VectorMath::exp, 0f, -0f, 89f, 1e30f, Float.POSITIVE_INFINITY))
        .containsExactly(1, 1, inf(), inf(), inf());
    assertThat(apply(VectorMath::exp, -104f, -1e30f, Float.NEGATIVE_INFINITY, Float.NaN))
        .containsExactly(0, 0, 0, Float.NaN);
  }

  @Test
  void logIsWithinOneUlpOverAllPositiveNumbers() {
    assertThat(largestUlp(everyBinade(1), VectorMath::log, StrictMath::log)).isLessThanOrEqualTo(1);
    float[] nearOne = linear(0.5f, 2f, 400_000);
    assertThat(largestUlp(nearOne, VectorMath::log, StrictMath::log)).isLessThanOrEqualTo(1);
  }

  @Test
  void logOfSpecialValues() {
    assertThat(apply(VectorMath::log, 0f, -0f, 1f, inf()))
        .containsExactly(-inf(), -inf(), 0, inf());
    assertThat(apply(VectorMath::log, -1f, -Float.MIN_VALUE, -inf(), Float.NaN))
        .containsOnly(Float.NaN);
  }

  @Test
  void erfIsWithinTwoUlp() {
    assertThat(largestUlp(both(everyBinade(2)), VectorMath::erf, ReferenceOps::erf))
        .isLessThanOrEqualTo(2);
    assertThat(largestUlp(linear(-6, 6, 400_000), VectorMath::erf, ReferenceOps::erf))
        .isLessThanOrEqualTo(2);
    assertThat(apply(VectorMath::erf, inf(), -inf(), Float.NaN)).containsExactly(1, -1, Float.NaN);
  }

  @Test
  void tanhIsWithinTwoUlp() {
    assertThat(largestUlp(both(everyBinade(3)), VectorMath::tanh, StrictMath::tanh))
        .isLessThanOrEqualTo(2);
    assertThat(largestUlp(linear(-10, 10, 400_000), VectorMath::tanh, StrictMath::tanh))
        .isLessThanOrEqualTo(2);
    assertThat(apply(VectorMath::tanh, inf(), -inf(), Float.NaN)).containsExactly(1, -1, Float.NaN);
  }

  @Test
  void sigmoidIsWithinThreeUlp() {
    float[] x = linear(-87, 100, 400_000);
    assertThat(largestUlp(x, VectorMath::sigmoid, VectorMathTest::sigmoid)).isLessThanOrEqualTo(3);
    assertThat(apply(VectorMath::sigmoid, inf(), -inf(), Float.NaN))
        .containsExactly(1, 0, Float.NaN);
  }

  @Test
  void sineAndCosineAreWithinTwoUlpForArgumentsOfAnySize() {
    for (float[] x :
        new float[][] {
          linear(-10, 10, 200_000),
          linear(0, 10_000, 400_000),
          linear(-131_100, 131_100, 200_000),
          both(everyBinade(61)),
          multiplesOfHalfPi(20_000)
        }) {
      assertThat(largestUlp(x, VectorMath::sin, StrictMath::sin)).isLessThanOrEqualTo(2);
      assertThat(largestUlp(x, VectorMath::cos, StrictMath::cos)).isLessThanOrEqualTo(2);
    }
    assertThat(apply(VectorMath::sin, inf(), -inf(), Float.NaN)).containsOnly(Float.NaN);
    assertThat(apply(VectorMath::cos, inf(), -inf(), Float.NaN)).containsOnly(Float.NaN);
  }

  @Test
  void aLargeAngleChangesNoBitOfItsNeighbours() {
    for (UnaryOperator<FloatVector> f :
        List.<UnaryOperator<FloatVector>>of(VectorMath::sin, VectorMath::cos)) {
      float[] alone = linear(-900, 900, 100 * Lanes.COUNT);
      float[] beside = alone.clone();
      for (int i = 0; i < beside.length; i += Lanes.COUNT) {
        beside[i] = 0x1p20f;
      }
      float[] expected = apply(f, alone);
      float[] y = apply(f, beside);
      for (int i = 0; i < y.length; i += Lanes.COUNT) {
        expected[i] = y[i];
      }
      assertThat(y).isEqualTo(expected);
    }
  }

  @Test
  void geluKeepsItsRelativeErrorInTheNegativeTail() {
    assertThat(largestUlp(linear(-1, 50, 200_000), VectorMath::gelu, VectorMathTest::gelu))
        .isLessThanOrEqualTo(4);
    // Three roundings of the exponent 2u, which is -17 at -5 and -67 at -9.
    assertThat(largestUlp(linear(-5, -1, 200_000), VectorMath::gelu, VectorMathTest::gelu))
        .isLessThanOrEqualTo(4 + 3 * 17);
    assertThat(largestUlp(linear(-9, -5, 200_000), VectorMath::gelu, VectorMathTest::gelu))
        .isLessThanOrEqualTo(4 + 3 * 67);
    assertThat(apply(VectorMath::gelu, 0f, 1e20f, inf(), Float.NaN))
        .containsExactly(0, 1e20f, inf(), Float.NaN);
    assertThat(apply(VectorMath::gelu, -1e20f)[0]).isZero();
  }

  @Test
  void siluIsWithinFourUlp() {
    assertThat(largestUlp(linear(-80, 80, 400_000), VectorMath::silu, x -> x * sigmoid(x)))
        .isLessThanOrEqualTo(4);
    assertThat(apply(VectorMath::silu, -200f, inf(), Float.NaN))
        .containsExactly(-0f, inf(), Float.NaN);
  }

  private static double sigmoid(double x) {
    return 1 / (1 + StrictMath.exp(-x));
  }

  private static double gelu(double x) {
    double u = StrictMath.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
    return x / (1 + StrictMath.exp(-2 * u));
  }

  private static float inf() {
    return Float.POSITIVE_INFINITY;
  }

  private static float[] linear(float from, float to, int count) {
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (float) (from + (double) (to - from) * i / (count - 1));
    }
    return x;
  }

  /** Positive numbers from the smallest to the largest, denormal ones included. */
  private static float[] everyBinade(int offset) {
    int step = 9973;
    float[] x = new float[(0x7f800000 - offset) / step];
    for (int i = 0; i < x.length; i++) {
      x[i] = Float.intBitsToFloat(offset + i * step);
    }
    return x;
  }

  private static float[] both(float[] positive) {
    float[] x = Arrays.copyOf(positive, 2 * positive.length);
    for (int i = 0; i < positive.length; i++) {
      x[positive.length + i] = -positive[i];
    }
    return x;
  }

  /** Where range reduction loses most. */
  private static float[] multiplesOfHalfPi(int count) {
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (float) (i * (Math.PI / 2));
    }
    return x;
  }

  private static float[] apply(UnaryOperator<FloatVector> f, float... x) {
    float[] padded = Arrays.copyOf(x, Math.ceilDiv(x.length, Lanes.COUNT) * Lanes.COUNT);
    for (int i = 0; i < padded.length; i += Lanes.COUNT) {
      f.apply(FloatVector.fromArray(Lanes.F32, padded, i)).intoArray(padded, i);
    }
    return Arrays.copyOf(padded, x.length);
  }

  /** Largest distance in ulp of the exact result rounded to float. */
  private static double largestUlp(
      float[] x, UnaryOperator<FloatVector> f, DoubleUnaryOperator exact) {
    float[] y = apply(f, x);
    double worst = 0;
    for (int i = 0; i < x.length; i++) {
      double e = exact.applyAsDouble(x[i]);
      float rounded = (float) e;
      if (Float.isInfinite(rounded) || Float.isNaN(y[i])) {
        assertThat(y[i]).as("f(%s)", x[i]).isEqualTo(rounded);
      } else {
        worst = Math.max(worst, Math.abs(y[i] - e) / Math.ulp(rounded));
      }
    }
    return worst;
  }
}
