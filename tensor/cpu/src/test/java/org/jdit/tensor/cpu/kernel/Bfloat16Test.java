package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.spi.Precision;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rounding is that of a tensor's elements, whose conversion is tested against torch's files. */
@EveryWidth
class Bfloat16Test {
  /** Every exponent and sign, just below, on and just above halfway, infinities and NaN. */
  private static float[] floats() {
    Random random = new Random(1);
    float[] x = new float[16 * 1024 + 5];
    int[] low = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff};
    for (int i = 0; i < x.length; i++) {
      int half = low[random.nextInt(low.length)];
      x[i] = Float.intBitsToFloat((random.nextInt() & 0xffff0000) | half);
    }
    x[7] = Float.POSITIVE_INFINITY;
    x[8] = Float.NEGATIVE_INFINITY;
    x[9] = Float.MAX_VALUE;
    x[10] = Float.NaN;
    x[11] = -0f;
    return x;
  }

  private static float[] expected(float[] x) {
    Spec spec = new Spec(Shape.of(x.length), DType.BF16);
    try (TensorScope scope = TensorScope.open(new Memory())) {
      double[] wide = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        wide[i] = x[i];
      }
      return scope.of(spec, wide).toFloats();
    }
  }

  @Test
  void arraysAreRoundedAsTensorsAre() {
    float[] x = floats();
    float[] rounded = x.clone();
    Bfloat16.round(Precision.BF16, rounded, 3, x.length - 3);
    float[] expected = expected(x);
    for (int i = 0; i < x.length; i++) {
      float right = i < 3 ? x[i] : expected[i];
      assertThat(Float.compare(rounded[i], right)).as("%a: %a", x[i], rounded[i]).isZero();
    }
  }

  /** What is left of a number after two roundings to nearest has lost 16 bits and a sign. */
  @Test
  void twoRoundingsKeepSixteenBits() {
    float[] x = floats();
    float[] high = x.clone();
    Bfloat16.round(Precision.BF16, high, 0, x.length);
    float[] both = x.clone();
    Bfloat16.round(Precision.BF16X3, both, 3, x.length - 3);
    for (int i = 3; i < x.length; i++) {
      if (Float.isFinite(high[i])) {
        double bound = Math.max(Math.abs(x[i]) * 0x1p-17, Float.MIN_NORMAL);
        assertThat((double) both[i]).as("%a", x[i]).isCloseTo(x[i], within(bound));
        float[] low = {both[i] - high[i]};
        float[] again = low.clone();
        Bfloat16.round(Precision.BF16, again, 0, 1);
        assertThat(again).as("%a is the sum of two bfloat16", both[i]).containsExactly(low);
      } else {
        assertThat(Float.compare(both[i], high[i])).as("%a", x[i]).isZero();
      }
    }
    assertThat(Arrays.copyOf(both, 3)).containsExactly(Arrays.copyOf(x, 3));
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void memoryIsRoundedAsArraysAre(Precision precision) {
    float[] x = floats();
    int count = x.length / Lanes.COUNT * Lanes.COUNT;
    float[] rounded = x.clone();
    Bfloat16.round(precision, rounded, 0, count);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_FLOAT, x);
      Bfloat16.round(precision, memory.address(), count);
      assertThat(memory.toArray(ValueLayout.JAVA_FLOAT)).containsExactly(rounded);
    }
  }

  /** A number on its own is no vector. */
  @ParameterizedTest
  @EnumSource(Precision.class)
  void vectorsAreRoundedAsSingleNumbersAre(Precision precision) {
    float[] x = floats();
    float[] rounded = x.clone();
    Bfloat16.round(precision, rounded, 0, x.length);
    for (int i = 0; i < x.length; i++) {
      float[] one = {x[i]};
      Bfloat16.round(precision, one, 0, 1);
      assertThat(Float.floatToRawIntBits(rounded[i]))
          .as("%a: %a and %a", x[i], rounded[i], one[0])
          .isEqualTo(Float.floatToRawIntBits(one[0]));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 17, 31, 32, 47, 63, 100})
  void anyNumberOfThemIsWidened(int count) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment narrow = arena.allocate(count * 2L + 2);
      for (int i = 0; i < count; i++) {
        narrow.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (0x3f80 + i));
      }
      MemorySegment wide = arena.allocate(count * 4L + 4, 4);
      wide.setAtIndex(ValueLayout.JAVA_INT, count, 7);
      Bfloat16.widen(narrow.address(), count, wide.address());
      for (int i = 0; i < count; i++) {
        assertThat(wide.getAtIndex(ValueLayout.JAVA_INT, i)).isEqualTo((0x3f80 + i) << 16);
      }
      assertThat(wide.getAtIndex(ValueLayout.JAVA_INT, count)).as("behind the last").isEqualTo(7);
    }
  }

  @Test
  void twoBytesHoldWhatIsRounded() {
    float[] x = floats();
    int count = x.length / Lanes.COUNT * Lanes.COUNT;
    float[] wild = x.clone();
    Bfloat16.round(Precision.BF16, x, 0, count);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment narrow = arena.allocate(count * 2L, 64);
      MemorySegment wide = arena.allocate(count * 4L, 64);
      Bfloat16.narrow(x, count, narrow.address());
      Bfloat16.widen(narrow.address(), count, wide.address());
      for (int i = 0; i < count; i++) {
        int bits = Float.floatToRawIntBits(x[i]);
        assertThat(wide.getAtIndex(ValueLayout.JAVA_INT, i)).isEqualTo(bits);
        assertThat(Float.isNaN(x[i])).isEqualTo(Float.isNaN(wild[i]));
        float one = Bfloat16.at(narrow.address() + i * 2L);
        assertThat(Float.floatToRawIntBits(one)).isEqualTo(bits);
      }
    }
  }
}
