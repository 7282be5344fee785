package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Rounding is that of a tensor's elements, whose conversion is tested against torch's files. */
@Tag("width")
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
    Bfloat16.round(rounded, 3, x.length - 3);
    float[] expected = expected(x);
    for (int i = 0; i < x.length; i++) {
      float right = i < 3 ? x[i] : expected[i];
      assertThat(Float.compare(rounded[i], right)).as("%a: %a", x[i], rounded[i]).isZero();
    }
  }

  @Test
  void memoryIsRoundedAsArraysAre() {
    float[] x = floats();
    int count = x.length / Lanes.COUNT * Lanes.COUNT;
    float[] rounded = x.clone();
    Bfloat16.round(rounded, 0, count);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_FLOAT, x);
      Bfloat16.round(memory.address(), count);
      assertThat(memory.toArray(ValueLayout.JAVA_FLOAT)).containsExactly(rounded);
    }
  }
}
