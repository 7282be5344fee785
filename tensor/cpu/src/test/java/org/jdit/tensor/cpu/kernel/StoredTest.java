package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.jdit.tensor.DType;
import org.jdit.tensor.Int8;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.spi.Precision;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Packed weights of two bytes or one an element multiply as those of four do, to the last bit. */
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

  @ParameterizedTest
  @EnumSource(Precision.class)
  void productsOfBytesHaveTheBitsOfThoseOfFloats(Precision precision) {
    Memory memory = new Memory();
    try (Arena arena = Arena.ofShared();
        Workers workers = new Workers(2);
        Scratch scratch = new Scratch(workers, memory, precision)) {
      Gemm gemm = new Gemm(scratch);
      for (int[] s : SIZES) {
        for (Matrix b : List.of(bytes(arena, s[1], s[2]), weight(arena, s[1], s[2]))) {
          Matrix a = Matrix.of(Floats.random(arena, (long) s[0] * s[1], 1), s[0], s[1]);
          Matrix c = Matrix.of(Floats.random(arena, (long) s[0] * s[2], 2), s[0], s[2]);
          Matrix again = Matrix.of(Floats.random(arena, (long) s[0] * s[2], 3), s[0], s[2]);
          try (PackedMatrix packed = new PackedMatrix(scratch, memory, s[1], s[2])) {
            packed.pack(b, DType.F32);
            gemm.multiply(a, packed, again, Epilogue.NONE);
            if (s[1] > 4) {
              assertThat(packed.bytes())
                  .isEqualTo(PackedMatrix.bytes(scratch, DType.I8, s[1], s[2]))
                  .isLessThan(PackedMatrix.bytes(scratch, DType.F32, s[1], s[2]));
            }
          }
          // What is not packed beforehand lies in panels of float32.
          gemm.multiply(a, b, c, Epilogue.NONE);
          assertThat(Floats.copy(again.data())).isEqualTo(Floats.copy(c.data()));
        }
      }
    }
    assertThat(memory.liveBytes()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void bytesAreReadBackAsTheyWere(Precision precision) {
    try (Arena arena = Arena.ofShared();
        Workers workers = new Workers(1);
        Scratch scratch = new Scratch(workers, new Memory(), precision);
        PackedMatrix packed = new PackedMatrix(scratch, new Memory(), 2310, 32)) {
      Matrix b = bytes(arena, 2310, 32);
      Matrix to = Matrix.of(Floats.random(arena, 2310L * 32, 1), 2310, 32);
      packed.pack(b, DType.F32);
      packed.unpack(to);
      // Three blocks of 770 terms, in fours, and their scales.
      assertThat(packed.bytes()).isEqualTo(3L * 32 * (772 + 4));
      assertThat(Floats.copy(to.data())).isEqualTo(Floats.copy(b.data()));
    }
  }

  @Test
  void aNumberThatIsNoByteKeepsTheMatrixInFloats() {
    try (Arena arena = Arena.ofShared();
        Workers workers = new Workers(2);
        Scratch scratch = new Scratch(workers, new Memory(), Precision.FP32);
        PackedMatrix packed = new PackedMatrix(scratch, new Memory(), 1200, 40)) {
      Matrix to = Matrix.of(Floats.random(arena, 1200L * 40, 1), 1200, 40);
      float one = Floats.get(bytes(arena, 1200, 40), 1199, 38);
      float[] others = {Math.nextUp(one), 1e-3f * one, -0f, Float.NaN, Float.POSITIVE_INFINITY};
      for (float other : others) {
        Matrix b = bytes(arena, 1200, 40);
        Lanes.MEMORY.set(Panel.FLOAT, b.address(1199, 38), other);
        packed.pack(b, DType.F32);
        packed.unpack(to);
        assertThat(packed.bytes())
            .as("%s", other)
            .isEqualTo(PackedMatrix.bytes(scratch, DType.F32, 1200, 40));
        assertThat(Floats.copy(to.data())).isEqualTo(Floats.copy(b.data()));
      }
      packed.pack(bytes(arena, 1200, 40), DType.F32);
      assertThat(packed.bytes()).isEqualTo(PackedMatrix.bytes(scratch, DType.I8, 1200, 40));
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

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 17, 31, 32, 47, 63, 100})
  void anyNumberOfHalfPrecisionNumbersIsWidened(int count) {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment expected = numbers(arena, DType.F16, count + 1);
      float[] floats = Floats.copy(expected);
      MemorySegment narrow = arena.allocate(count * 2L + 2, 2);
      MemorySegment wide = arena.allocate(count * 4L + 4, 4);
      Float16.narrow(floats, count, narrow.address());
      Float16.widen(narrow.address(), count, wide.address());
      floats[count] = 0;
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
   * A row-major matrix whose columns are bytes times a scale, of all sizes; one column is zero, and
   * the largest of column 38 is not in its last row.
   */
  private static Matrix bytes(Arena arena, int rows, int cols) {
    MemorySegment m = arena.allocate(Math.max(1L, (long) rows * cols) * 4, 64);
    Random random = new Random(5);
    for (int j = 0; j < cols; j++) {
      float size = Math.scalb(1 + random.nextFloat(), random.nextInt(-124, 8));
      float scale = Int8.scale(j == 3 ? 0 : size);
      for (int i = 0; i < rows; i++) {
        int q = i == rows / 2 ? Int8.LARGEST : random.nextInt(1, 64);
        int signed = j == 3 ? 0 : random.nextBoolean() ? q : -q;
        m.setAtIndex(ValueLayout.JAVA_FLOAT, (long) i * cols + j, signed * scale);
      }
    }
    return Matrix.of(m, rows, cols);
  }

  /** The same as a linear layer has it: the transpose of a row-major matrix. */
  private static Matrix weight(Arena arena, int rows, int cols) {
    Matrix from = bytes(arena, rows, cols);
    MemorySegment data = Floats.random(arena, (long) rows * cols, 1);
    Matrix to = new Matrix(data, 0, rows, cols, 1, rows);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        Lanes.MEMORY.set(Panel.FLOAT, to.address(i, j), Floats.get(from, i, j));
      }
    }
    return to;
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
