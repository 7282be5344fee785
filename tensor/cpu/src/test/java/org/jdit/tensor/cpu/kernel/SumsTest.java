package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sums keep their precision at any length, and what lies beyond the end is not taken in. */
@EveryWidth
class SumsTest {
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 13, 16, 207, 1024, 1025, 1_000_003})
  void sumsAreCloseToThoseInDouble(int n) {
    float[] x = new float[n + 5];
    Arrays.fill(x, Float.NaN);
    Random random = new Random(n);
    double sum = 0;
    double squares = 0;
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      // All of one sign and nearly equal: naive float sums lose four digits of a million terms.
      x[i] = 1 + random.nextFloat() / 1024;
      sum += x[i];
      squares += (x[i] - 0.5) * (x[i] - 0.5);
      max = Math.max(max, x[i]);
    }
    try (Arena arena = Arena.ofConfined()) {
      long at = arena.allocateFrom(ValueLayout.JAVA_FLOAT, x).address();
      assertThat(Sums.sum(at, n)).isCloseTo(sum, within(1e-6 * n));
      assertThat(Sums.sumSquares(at, 0.5f, n)).isCloseTo(squares, within(1e-6 * n));
      assertThat(Sums.max(at, n)).isEqualTo(max);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 15, 16, 40})
  void oneNaNMakesTheMaximumNaN(int at) {
    float[] x = new float[41];
    x[at] = Float.NaN;
    try (Arena arena = Arena.ofConfined()) {
      assertThat(Sums.max(arena.allocateFrom(ValueLayout.JAVA_FLOAT, x).address(), 41)).isNaN();
    }
  }
}
