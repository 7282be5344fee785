package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.lang.foreign.Arena;
import java.util.Optional;
import org.jdit.tensor.Shape;
import org.jdit.tensor.cpu.machine.MatrixUnit;
import org.jdit.tensor.cpu.machine.PlainUnit;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.spi.Precision;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Convolutions on a matrix unit against loops in double precision, of rounded operands. */
class UnitConvTest {
  /** N, C, H, W, O, kh, kw, stride, padding. */
  private static final int[][] SIZES = {
    {1, 1, 1, 1, 1, 1, 1, 1, 0},
    {1, 1, 1, 1, 1, 3, 3, 1, 1},
    {2, 3, 5, 7, 4, 3, 3, 1, 1},
    {3, 2, 13, 11, 7, 3, 3, 2, 1},
    {1, 3, 9, 40, 33, 5, 3, 1, 2},
    {1, 140, 6, 24, 35, 3, 3, 1, 1},
    {2, 5, 13, 23, 65, 3, 2, 3, 1},
    {1, 2, 7, 7, 3, 7, 7, 3, 3},
    {1, 1, 2, 3, 2, 3, 3, 1, 4},
    {1, 1, 2, 33, 1200, 1, 1, 1, 0},
    // Two blocks of terms, of which one has a step more; more outputs than fit at once.
    {1, 1217, 3, 5, 35, 1, 1, 1, 0},
    {1, 1152, 1, 2, 1060, 1, 1, 1, 0}
  };

  private final Optional<MatrixUnit> unit = Optional.of(PlainUnit.create());
  private final Arena arena = Arena.ofShared();
  private final Memory memory = new Memory();
  private final Workers workers = new Workers(2);

  @BeforeEach
  void theUnitsPanelsAreAsWideAsTheVectorKernels() {
    assumeThat(Scratch.wideEnough()).as("a matrix unit takes vectors of 512 bits").isTrue();
  }

  @AfterEach
  void free() {
    workers.close();
    arena.close();
    assertThat(memory.liveBytes()).isZero();
  }

  /** Before each, NaN goes everywhere in the working memory that convolutions use. */
  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"BF16", "BF16X3"})
  void convolutionsOfAllFormsAreThoseOfRoundedOperands(Precision precision) {
    double leftOut = precision == Precision.BF16X3 ? 0x1p-16 : 0;
    try (Scratch scratch = new Scratch(workers, memory, precision, unit)) {
      Operand nan = Floats.filled(arena, Float.NaN, 1, 128, 16, 16);
      Operand nans = Floats.filled(arena, Float.NaN, 64, 128, 3, 3);
      for (int[] s : SIZES) {
        ConvKernelTest.convolve(arena, scratch, nan, nans, Floats.tensor(arena, 3, 64), 1, 1);
        Operand x = Floats.tensor(arena, 1, s[0], s[1], s[2], s[3]);
        Operand weight = Floats.tensor(arena, 2, s[4], s[1], s[5], s[6]);
        Operand bias = Floats.tensor(arena, 3, s[4]);
        Operand y = ConvKernelTest.convolve(arena, scratch, x, weight, bias, s[7], s[8]);
        ConvKernelTest.expect(precision, leftOut, x, weight, bias, s[7], s[8], y);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"BF16", "BF16X3"})
  void weightsAreReadBackRounded(Precision precision) {
    try (Scratch scratch = new Scratch(workers, memory, precision, unit)) {
      Operand weight = Floats.tensor(arena, 1, 45, 1217, 1, 1);
      Operand to = Floats.tensor(arena, 2, 45, 1217, 1, 1);
      ConvKernelTest.pack(arena, scratch, weight).unpack(to);
      float[] expected = Floats.copy(weight.data());
      Bfloat16.round(precision, expected, 0, expected.length);
      assertThat(Floats.copy(to.data())).containsExactly(expected);
    }
  }

  @Test
  void weightsInBfloat16TakeTwoBytesForEachElement() {
    Shape shape = Shape.of(512, 512, 3, 3);
    try (Scratch half = new Scratch(workers, memory, Precision.BF16, unit);
        Scratch split = new Scratch(workers, memory, Precision.BF16X3, unit)) {
      assertThat(ConvWeights.bytes(half, shape)).isEqualTo(2 * shape.numel());
      assertThat(ConvWeights.bytes(split, shape)).isEqualTo(4 * shape.numel());
    }
  }
}
