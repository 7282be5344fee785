package org.jdit.tensor.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.jdit.tensor.random.TorchGenerator.State;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TorchGeneratorTest {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /** 0 to 40, and around the size of the chunks that the numbers are made in. */
  static IntStream sizes() {
    return IntStream.concat(
        IntStream.rangeClosed(0, 40), IntStream.of(623, 2047, 2048, 2049, 2063, 2064, 4097, 5000));
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void normalsAreDrawnForAllThenTransformedInBlocksWithTheLastSixteenRedrawn(int n) {
    float[] actual = new TorchGenerator(n).normal(n, 0.5, 2);

    var twister = new MersenneTwister(n);
    if (n >= 16) {
      float[] expected = new float[n];
      twister.fillUniform(expected, n);
      BoxMuller.transform(expected, n - n % 16, 0.5f, 2f);
      if (n % 16 != 0) {
        float[] last = new float[16];
        twister.fillUniform(last, 16);
        BoxMuller.transform(last, 16, 0.5f, 2f);
        System.arraycopy(last, 0, expected, n - 16, 16);
      }
      assertThat(actual).isEqualTo(expected);
    } else {
      double[] scalar = new TorchGenerator(n).randnDouble(n);
      for (int i = 0; i < n; i++) {
        assertThat(actual[i]).isEqualTo((float) (scalar[i] * 2 + 0.5));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void arrayRangeAndSegmentGetTheSameNumbersAndNothingElseIsTouched(int n) {
    float[] normals = new TorchGenerator(7).normal(n, -1, 3);
    float[] uniforms = new TorchGenerator(7).uniform(n, -1, 3);
    float[] range = new float[n + 5];
    try (Arena arena = Arena.ofConfined()) {
      // One byte off, as a tensor in a mapped file may be.
      MemorySegment whole = arena.allocate(4L * n + 9);
      MemorySegment segment = whole.asSlice(1, 4L * n);

      new TorchGenerator(7).fillNormal(range, 2, n, -1, 3);
      assertThat(Arrays.copyOfRange(range, 2, n + 2)).isEqualTo(normals);
      new TorchGenerator(7).fillNormal(segment, -1, 3);
      assertThat(segment.toArray(FLOAT)).isEqualTo(normals);

      new TorchGenerator(7).fillUniform(range, 2, n, -1, 3);
      assertThat(Arrays.copyOfRange(range, 2, n + 2)).isEqualTo(uniforms);
      new TorchGenerator(7).fillUniform(segment, -1, 3);
      assertThat(segment.toArray(FLOAT)).isEqualTo(uniforms);

      assertThat(whole.get(ValueLayout.JAVA_BYTE, 0)).isZero();
      assertThat(whole.get(ValueLayout.JAVA_LONG_UNALIGNED, 1 + 4L * n)).isZero();
    }
    assertThat(new float[] {range[0], range[1], range[n + 2], range[n + 3], range[n + 4]})
        .containsOnly(0f);
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void restoredStateContinuesWithTheSameNumbers(int n) {
    var generator = new TorchGenerator(99);
    generator.randn(n); // an odd n below 16 leaves a normal in the cache
    generator.rand(n);
    State state = generator.state();
    Object[] first = continuation(generator);
    Object[] onAnother = continuation(restored(new TorchGenerator(5), state));

    assertThat(onAnother).isEqualTo(first);
    assertThat(continuation(restored(generator, state))).isEqualTo(first);
    assertThat(state.cachedNormal().isPresent()).isEqualTo(n < 16 && n % 2 == 1);
  }

  private static TorchGenerator restored(TorchGenerator generator, State state) {
    generator.restore(state);
    return generator;
  }

  private static Object[] continuation(TorchGenerator g) {
    return new Object[] {
      g.randn(3), g.randn(1000), g.randnDouble(33), g.rand(7), g.randint(0, 1000, 700), g.randn(2)
    };
  }

  @Test
  void stateIsAValueThatNeitherLaterDrawsNorItsMakerCanChange() {
    var generator = new TorchGenerator(3);
    generator.randn(1);
    State state = generator.state();
    List<Integer> words = new ArrayList<>(state.words());
    State copy = new State(words, state.position(), state.cachedNormal());
    words.set(0, 1);
    generator.rand(1000);

    assertThat(state).isEqualTo(copy).hasSameHashCodeAs(copy).isNotEqualTo(generator.state());
    assertThat(state)
        .isNotEqualTo(new State(state.words(), state.position(), OptionalDouble.empty()));
  }

  @Test
  void drawingNothingChangesNothing() {
    var generator = new TorchGenerator(3);
    generator.randn(1);
    State before = generator.state();

    assertThat(generator.randn(0)).isEmpty();
    assertThat(generator.randnDouble(0)).isEmpty();
    assertThat(generator.rand(0)).isEmpty();
    assertThat(generator.randDouble(0)).isEmpty();
    assertThat(generator.randint(0, 9, 0)).isEmpty();
    assertThat(generator.randperm(0)).isEmpty();
    assertThat(generator.bernoulli(0.5, 0)).isEmpty();
    assertThat(generator.state()).isEqualTo(before);
  }

  @Test
  void seedingStartsAfreshFromTheLowBitsOfTheSeedAndForgetsTheCachedNormal() {
    var generator = new TorchGenerator(1);
    generator.randn(1);
    generator.manualSeed(-1);

    assertThat(generator.state()).isEqualTo(new TorchGenerator(0xffffffffL).state());
    assertThat(generator.randn(5)).isEqualTo(new TorchGenerator(0xffffffffL).randn(5));
  }

  @Test
  void twisterMatchesThePublishedTenThousandthNumber() {
    // ISO C++ 26.6.5 requires this of a default-constructed mt19937, whose seed is 5489.
    var twister = new MersenneTwister(5489);
    for (int i = 1; i < 10_000; i++) {
      twister.nextInt();
    }
    assertThat(Integer.toUnsignedLong(twister.nextInt())).isEqualTo(4123659995L);
  }

  @Test
  void manyNormalsHaveTheMomentsOfTheNormalDistribution() {
    int n = 1 << 20;
    float[] a = new TorchGenerator(11).normal(n, 3, 0.5);
    double mean = 0;
    double square = 0;
    for (float v : a) {
      double z = (v - 3) / 0.5;
      mean += z / n;
      square += z * z / n;
    }
    // Five standard errors: of the mean 1/sqrt(n), of the variance sqrt(2/n).
    assertThat(Math.abs(mean)).isLessThan(5 / Math.sqrt(n));
    assertThat(Math.abs(square - 1)).isLessThan(5 * Math.sqrt(2.0 / n));
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, 0})
  void integersStayInRangesThatOverflowASignedLong(long low) {
    long[] draws = new TorchGenerator(2).randint(low, Long.MAX_VALUE, 1000);
    assertThat(Arrays.stream(draws)).allMatch(v -> v >= low && v < Long.MAX_VALUE);
    assertThat(Arrays.stream(draws).filter(v -> v > low / 2 + Long.MAX_VALUE / 2).count())
        .as("draws in the upper half")
        .isBetween(400L, 600L);
  }

  @Test
  void badArgumentsAreRefused() {
    var g = new TorchGenerator(0);
    State before = g.state();
    assertThatIllegalArgumentException().isThrownBy(() -> g.randn(-1));
    assertThatIllegalArgumentException().isThrownBy(() -> g.randperm(-1));
    assertThatIllegalArgumentException().isThrownBy(() -> g.randperm(214748364));
    assertThatIllegalArgumentException().isThrownBy(() -> g.normal(3, 0, -1));
    assertThatIllegalArgumentException().isThrownBy(() -> g.normal(3, 0, Double.NaN));
    assertThatIllegalArgumentException().isThrownBy(() -> g.uniform(3, 1, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> g.randint(5, 5, 1));
    assertThatIllegalArgumentException().isThrownBy(() -> g.bernoulli(1.5, 1));
    MemorySegment odd = MemorySegment.ofArray(new byte[7]);
    assertThatIllegalArgumentException().isThrownBy(() -> g.fillNormal(odd, 0, 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new State(Collections.nCopies(623, 1), 0, OptionalDouble.empty()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new State(Collections.nCopies(624, 1), 625, OptionalDouble.empty()));
    assertThat(g.state()).isEqualTo(before);
  }
}
