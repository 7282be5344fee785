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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Attention on a matrix unit against its definition in double precision, of rounded operands. */
class UnitAttentionTest {
  /** Images, heads, queries, keys, head size: odd ones, small ones and the largest. */
  private static final int[][] SIZES = {
    {1, 1, 1, 1, 1},
    {2, 3, 5, 7, 16},
    {1, 2, 13, 207, 13},
    {2, 2, 33, 31, 72},
    {1, 1, 97, 95, 64},
    {1, 1, 31, 1101, 33},
    {1, 1, 545, 33, 34},
    {1, 1, 35, 513, 129},
    {1, 1, 3, 50, AttentionKernel.MAX_HEAD_SIZE}
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

  /** Before each, NaN goes everywhere in the working memory that attention uses. */
  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"BF16", "BF16X3"})
  void attentionFollowsItsDefinitionWhateverWasInTheWorkingMemory(Precision precision) {
    try (Scratch scratch = new Scratch(workers, memory, precision, unit)) {
      Operand nan = Floats.filled(arena, Float.NaN, 1, 2, 40, 126);
      Operand nans = Floats.filled(arena, Float.NaN, 1, 2, 520, 126);
      for (int[] s : SIZES) {
        run(scratch, nan, nans, nans, 1);
        Operand q = Floats.tensor(arena, 1, s[0], s[1], s[2], s[4]);
        Operand k = Floats.tensor(arena, 2, s[0], s[1], s[3], s[4]);
        Operand v = Floats.tensor(arena, 3, s[0], s[1], s[3], s[4]);
        for (double scale : new double[] {1 / Math.sqrt(s[4]), -2}) {
          Operand[] out = run(scratch, q, k, v, scale);
          AttentionKernelTest.expect(precision, leftOut(precision), q, k, v, scale, out[0], out[1]);
        }
      }
    }
  }

  /** Weights of 1 are exact, so each result is the mean of values to the precision of float32. */
  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"BF16", "BF16X3"})
  void equalScoresGiveTheMeanOfAllValues(Precision precision) {
    try (Scratch scratch = new Scratch(workers, memory, precision, unit)) {
      Operand q = Floats.filled(arena, 0, 1, 1, 37, 40);
      Operand k = Floats.tensor(arena, 2, 1, 1, 1037, 40);
      Operand v = Floats.tensor(arena, 3, 1, 1, 1037, 40);
      Operand[] out = run(scratch, q, k, v, 1);
      for (int d = 0; d < 40; d++) {
        double sum = 0;
        for (int s = 0; s < 1037; s++) {
          sum += Floats.rounded(precision, Floats.get(v, 0, 0, s, d));
        }
        assertThat(Math.abs(Floats.get(out[0], 0, 0, 36, d) - sum / 1037)).isLessThan(1e-6);
      }
      assertThat(Floats.get(out[1], 0, 0, 36)).isEqualTo((float) Math.log(1037));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"BF16", "BF16X3"})
  void aQueryIsTheSameWhateverTheNumberOfQueriesImagesAndThreads(Precision precision) {
    Operand q = Floats.tensor(arena, 1, 2, 1, 70, 72);
    Operand k = Floats.tensor(arena, 2, 2, 1, 515, 72);
    Operand few = q.with(q.layout().slice(0, 1, 1).slice(2, 3, 17));
    Operand last = k.with(k.layout().slice(0, 1, 1));
    try (Scratch scratch = new Scratch(workers, memory, precision, unit);
        Workers one = new Workers(1);
        Scratch other = new Scratch(one, memory, precision, unit)) {
      Operand all = run(scratch, q, k, k, 0.3)[0];
      Operand part = run(other, few, last, last, 0.3)[0];
      assertThat(Floats.copy(part.data()))
          .containsExactly(
              Floats.copy(
                  all.data().asSlice((70 + 3) * 72L * Float.BYTES, 17 * 72L * Float.BYTES)));
    }
  }

  private Operand[] run(Scratch scratch, Operand q, Operand k, Operand v, double scale) {
    Shape s = q.shape();
    Operand out = Floats.filled(arena, Float.NaN, s.dim(0), s.dim(1), s.dim(2), s.dim(3));
    Operand lse = Floats.filled(arena, Float.NaN, s.dim(0), s.dim(1), s.dim(2));
    new AttentionKernel(scratch).run(q, k, v, scale, out, lse);
    return new Operand[] {out, lse};
  }

  /** The product of two second parts. */
  private static double leftOut(Precision precision) {
    return precision == Precision.BF16X3 ? 0x1p-16 : 0;
  }
}
