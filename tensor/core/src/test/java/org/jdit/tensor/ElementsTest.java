package org.jdit.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.junit.jupiter.api.Test;

/** Conversion between element types and the numbers of Java. */
class ElementsTest {
  private final MemorySegment data = MemorySegment.ofArray(new byte[16]);

  private double stored(DType dtype, double x) {
    Elements.set(data, dtype, 1, x);
    return Elements.get(data, dtype, 1);
  }

  @Test
  void everyTypeHoldsSmallIntegers() {
    for (DType dtype : DType.values()) {
      assertThat(stored(dtype, 1)).as("%s", dtype).isEqualTo(1);
      assertThat(stored(dtype, 0)).as("%s", dtype).isZero();
      if (dtype != DType.BOOL) {
        assertThat(stored(dtype, 100)).as("%s", dtype).isEqualTo(100);
      }
    }
    assertThat(stored(DType.BOOL, -0.5)).isEqualTo(1);
    assertThat(stored(DType.U8, 200)).isEqualTo(200);
    assertThat(stored(DType.I8, -100)).isEqualTo(-100);
    assertThat(stored(DType.I32, -7.9)).isEqualTo(-7);
  }

  @Test
  void bfloat16RoundsToNearestEven() {
    // 8 bits of significand: neighbours of 1 are 2^-7 apart.
    assertThat(stored(DType.BF16, 1 + 0x1p-8)).isEqualTo(1);
    assertThat(stored(DType.BF16, 1 + 3 * 0x1p-8)).isEqualTo(1 + 0x1p-6);
    assertThat(stored(DType.BF16, 1 + 0x1.1p-8)).isEqualTo(1 + 0x1p-7);
    assertThat(stored(DType.BF16, Float.MAX_VALUE)).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(stored(DType.BF16, Double.NEGATIVE_INFINITY)).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(stored(DType.BF16, Float.intBitsToFloat(0x7f800001))).isNaN();
    Random random = new Random(1);
    for (int i = 0; i < 100_000; i++) {
      float x = Float.intBitsToFloat(random.nextInt());
      if (Float.isFinite(x)) {
        float below = Float.intBitsToFloat(Float.floatToRawIntBits(x) & 0xffff0000);
        float above = Float.intBitsToFloat(Float.floatToRawIntBits(below) + 0x10000);
        double y = stored(DType.BF16, x);
        double nearest = Math.min(Math.abs((double) x - below), Math.abs((double) x - above));
        assertThat(y == below || y == above).isTrue();
        assertThat(Float.isInfinite(above) || Math.abs(x - y) == nearest).isTrue();
      }
    }
  }

  @Test
  void float16RoundsToNearestEven() {
    assertThat(stored(DType.F16, 1 + 0x1p-11)).isEqualTo(1);
    assertThat(stored(DType.F16, 1 + 3 * 0x1p-11)).isEqualTo(1 + 0x1p-9);
    assertThat(stored(DType.F16, 65504)).isEqualTo(65504);
    assertThat(stored(DType.F16, 65520)).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(stored(DType.F16, 0x1p-24)).isEqualTo(0x1p-24);
    assertThat(stored(DType.F16, Double.NaN)).isNaN();
  }

  @Test
  void longsAreNotRounded() {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      long[] big = {Long.MAX_VALUE, (1L << 53) + 1, Long.MIN_VALUE};
      assertThat(scope.of(Shape.of(3), big).toLongs()).containsExactly(big);
    }
  }
}
