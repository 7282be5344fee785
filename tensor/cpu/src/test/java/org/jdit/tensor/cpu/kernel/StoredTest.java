package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.jdit.tensor.DType;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.spi.Precision;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Packed weights of two bytes an element multiply as those of four do, to the last bit. */
@EveryWidth
class StoredTest {
  private static final List<DType> TYPES = List.of(DType.F16, DType.BF16);

  /** Sizes of products; of one element, filled up, of several blocks of terms. */
  private static final int[][] SIZES = {
    {1, 1, 1}, {6, 7, 32}, {13, 31, 33}, {5, 1153, 65}, {25, 2305, 17}, {0, 4, 4}, {3, 0, 5}
  };

  @ParameterizedTest
  @EnumSource(Precision.class)
  void productsHaveTheBitsOfFloatWeights(Precision precision) {
    Memory memory = new Memory();
    try (Arena arena = Arena.ofShared();
        Workers workers = new Workers(2);
        Scratch scratch = new Scratch(workers, memory, precision)) {
      Gemm gemm = new Gemm(scratch);
      for (int[] s : SIZES) {
        for (DType type : TYPES) {
          Matrix a = Matrix.of(Floats.random(arena, (long) s[0] * s[1], 1), s[0], s[1]);
          Matrix b = Matrix.of(numbers(arena, type, s[1] * s[2]), s[1], s[2]);
          Matrix c = Matrix.of(Floats.random(arena, (long) s[0] * s[2], 2), s[0], s[2]);
          Matrix again = Matrix.of(Floats.random(arena, (long) s[0] * s[2], 3), s[0], s[2]);
          try (PackedMatrix packed = new PackedMatrix(scratch, memory, s[1], s[2])) {
            packed.pack(b, DType.F32);
            gemm.multiply(a, packed, c, Epilogue.NONE);
            packed.pack(b, type);
            gemm.multiply(a, packed, again, Epilogue.NONE);
          }
          assertThat(Floats.copy(again.data())).isEqualTo(Floats.copy(c.data()));
        }
      }
    }
    assertThat(memory.liveBytes()).isZero();
  }

  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"FP32", "BF16X3"})
  void everyNumberIsReadBackAsItWas(Precision precision) {
    Memory memory = new Memory();
    try (Arena arena = Arena.ofShared();
        Workers workers = new Workers(1);
        Scratch scratch = new Scratch(workers, memory, precision)) {
      Matrix to = Matrix.of(Floats.random(arena, 1 << 16, 1), 2048, 32);
      long before = memory.liveBytes();
      for (DType type : TYPES) {
        Matrix b = Matrix.of(numbers(arena, type, 1 << 16), 2048, 32);
        try (PackedMatrix packed = new PackedMatrix(scratch, memory, 2048, 32)) {
          packed.pack(b, type);
          packed.unpack(to);
          assertThat(packed.bytes()).isEqualTo(2 << 16);
          assertThat(memory.liveBytes() - before).isEqualTo(2 << 16);
        }
        float[] expected = Floats.copy(b.data());
        // No number is rounded, but -0 is no sum of two numbers.
        Bfloat16.round(precision, expected, 0, expected.length);
        assertThat(Floats.copy(to.data())).isEqualTo(expected);
        assertThat(withoutSignsOfZero(expected))
            .isEqualTo(withoutSignsOfZero(Floats.copy(b.data())));
      }
    }
  }

  @Test
  void whatIsNotPackedIsNotMultiplied() {
    try (Workers workers = new Workers(1);
        Scratch scratch = new Scratch(workers, new Memory(), Precision.FP32);
        Arena arena = Arena.ofShared();
        PackedMatrix packed = new PackedMatrix(scratch, new Memory(), 4, 4)) {
      Matrix a = Matrix.of(Floats.random(arena, 16, 1), 4, 4);
      assertThatIllegalStateException()
          .isThrownBy(() -> new Gemm(scratch).multiply(a, packed, a, Epilogue.NONE));
    }
  }

  @Test
  void everyHalfPrecisionNumberIsWidenedAsJavaDoes() {
    int count = 1 << 16;
    try (Arena arena = Arena.ofShared()) {
      MemorySegment expected = numbers(arena, DType.F16, count);
      float[] floats = Floats.copy(expected);
      MemorySegment narrow = arena.allocate(count * 2L, 64);
      MemorySegment wide = arena.allocate(count * 4L, 64);
      wide.setAtIndex(ValueLayout.JAVA_FLOAT, count - 1L, 5);
      Float16.narrow(floats, count, narrow.address());
      Float16.widen(narrow.address(), count - 1, new float[1024], wide.address());
      float[] one = new float[count];
      for (int i = 0; i < count; i++) {
        one[i] = Float16.at(narrow.address() + i * 2L);
      }
      assertThat(one).isEqualTo(floats);
      floats[count - 1] = 5;
      assertThat(Floats.copy(wide)).isEqualTo(floats);
    }
  }

  private static float[] withoutSignsOfZero(float[] x) {
    float[] y = x.clone();
    for (int i = 0; i < y.length; i++) {
      y[i] += 0f;
    }
    return y;
  }

  /**
   * Numbers of a type as floats, at random: zeros, subnormals, infinities and NaN among them, or
   * all there are if so many are asked for.
   */
  private static MemorySegment numbers(Arena arena, DType type, int count) {
    MemorySegment m = arena.allocate(Math.max(1, count) * 4L, 64);
    Random random = new Random(count);
    for (int i = 0; i < count; i++) {
      short bits = (short) (count == 1 << 16 ? i : random.nextInt());
      float x = type == DType.F16 ? Float.float16ToFloat(bits) : Float.intBitsToFloat(bits << 16);
      m.setAtIndex(ValueLayout.JAVA_FLOAT, i, x);
    }
    return m;
  }
}
