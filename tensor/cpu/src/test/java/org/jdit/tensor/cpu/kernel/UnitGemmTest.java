package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jdit.tensor.DType;
import org.jdit.tensor.cpu.machine.MatrixUnit;
import org.jdit.tensor.cpu.machine.PlainUnit;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.op.Linear.Activation;
import org.jdit.tensor.spi.Precision;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Products on a matrix unit against the same products of rounded operands in double precision. */
class UnitGemmTest {
  private static final int[][] SIZES = {
    {1, 1, 1}, {33, 65, 31}, {2, 1153, 70}, {64, 32, 64}, {0, 4, 4}, {3, 0, 5}, {97, 40, 161}
  };

  private final Optional<MatrixUnit> unit = Optional.of(PlainUnit.create());

  @BeforeEach
  void theUnitsPanelsAreAsWideAsTheVectorKernels() {
    assumeThat(Scratch.wideEnough()).as("a matrix unit takes vectors of 512 bits").isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"BF16", "BF16X3"})
  void productsOfAllFormsAreThoseOfRoundedOperands(Precision precision) {
    Memory memory = new Memory();
    try (Arena arena = Arena.ofShared();
        Workers workers = new Workers(2);
        Scratch scratch = new Scratch(workers, memory, precision, unit)) {
      Gemm gemm = new Gemm(scratch);
      for (int[] s : SIZES) {
        for (int form = 0; form < 4; form++) {
          Matrix a = matrix(arena, s[0], s[1], (form & 1) == 0, 1);
          Matrix b = matrix(arena, s[1], s[2], (form & 2) == 0, 2);
          MemorySegment bias = Floats.random(arena, s[2] + 1L, 3);
          Epilogue epilogue = new Epilogue.Affine(bias, 1, Activation.NONE);
          Matrix c = Matrix.of(Floats.random(arena, (long) s[0] * s[2], 4), s[0], s[2]);
          try (PackedMatrix packed = packed(scratch, memory, b)) {
            gemm.multiply(a, packed, c, epilogue);
          }
          expect(precision, a, b, bias, c);
          Matrix again = Matrix.of(Floats.random(arena, (long) s[0] * s[2], 5), s[0], s[2]);
          gemm.multiply(a, b, again, epilogue);
          assertThat(Floats.copy(again.data())).containsExactly(Floats.copy(c.data()));
        }
      }
    }
    assertThat(memory.liveBytes()).isZero();
  }

  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"BF16", "BF16X3"})
  void whatIsPackedIsReadBackRounded(Precision precision) {
    try (Arena arena = Arena.ofShared();
        Workers workers = new Workers(2);
        Scratch scratch = new Scratch(workers, new Memory(), precision, unit)) {
      Matrix b = matrix(arena, 1201, 45, false, 2);
      Matrix to = matrix(arena, 1201, 45, true, 3);
      try (PackedMatrix packed = packed(scratch, new Memory(), b)) {
        packed.unpack(to);
      }
      for (int i = 0; i < b.rows(); i++) {
        for (int j = 0; j < b.cols(); j++) {
          assertThat(Floats.get(to, i, j))
              .isEqualTo(Floats.rounded(precision, Floats.get(b, i, j)));
        }
      }
    }
  }

  /** So that XL/2 in bfloat16 takes half of what it takes in float32. */
  @Test
  void aMatrixInBfloat16TakesTwoBytesForEachElement() {
    try (Workers workers = new Workers(1);
        Scratch half = new Scratch(workers, new Memory(), Precision.BF16, unit);
        Scratch without = new Scratch(workers, new Memory(), Precision.BF16);
        Scratch split = new Scratch(workers, new Memory(), Precision.BF16X3, unit)) {
      assertThat(PackedMatrix.bytes(half, DType.F32, 4608, 1152)).isEqualTo(2L * 4608 * 1152);
      assertThat(PackedMatrix.bytes(without, DType.F32, 4608, 1152)).isEqualTo(2L * 4608 * 1152);
      assertThat(PackedMatrix.bytes(split, DType.F32, 4608, 1152)).isEqualTo(4L * 4608 * 1152);
      assertThat(PackedMatrix.bytes(half, DType.I8, 4608, 1152)).isEqualTo(2L * 4608 * 1152);
    }
  }

  @Test
  void float32HasNoUseForAUnit() {
    try (Workers workers = new Workers(1)) {
      Memory memory = new Memory();
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new Scratch(workers, memory, Precision.FP32, unit));
    }
  }

  private static PackedMatrix packed(Scratch scratch, Memory memory, Matrix b) {
    PackedMatrix packed = new PackedMatrix(scratch, memory, b.rows(), b.cols());
    packed.pack(b, DType.F32);
    return packed;
  }

  private static Matrix matrix(Arena arena, int rows, int cols, boolean rowMajor, long seed) {
    MemorySegment data = Floats.random(arena, (long) rows * cols, seed);
    return rowMajor
        ? Matrix.of(data, rows, cols)
        : new Matrix(data, 0, rows, cols, 1, Math.max(1, rows));
  }

  /**
   * Sums of float32 are wrong by at most K 2^-24 of the sum of the terms' sizes; the product of two
   * second parts, which is left out, is up to 2^-16 of a term.
   */
  private static void expect(
      Precision precision, Matrix a, Matrix b, MemorySegment bias, Matrix c) {
    double leftOut = precision == Precision.BF16X3 ? 0x1p-16 : 0;
    for (int i = 0; i < c.rows(); i++) {
      for (int j = 0; j < c.cols(); j++) {
        double sum = Floats.get(bias, j + 1);
        double size = Math.abs(sum);
        for (int k = 0; k < a.cols(); k++) {
          double product =
              (double) Floats.rounded(precision, Floats.get(a, i, k))
                  * Floats.rounded(precision, Floats.get(b, k, j));
          sum += product;
          size += Math.abs(product);
        }
        double error = Math.abs(Floats.get(c, i, j) - sum);
        assertThat(error).isLessThanOrEqualTo(((a.cols() + 4) * 0x1p-24 + leftOut) * size);
      }
    }
  }
}
