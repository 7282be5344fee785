package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jdit.tensor.cpu.kernel.Bf16Panels.Part;
import org.jdit.tensor.cpu.machine.MatrixUnit;
import org.jdit.tensor.cpu.machine.PlainUnit;
import org.jdit.tensor.spi.Precision;
import org.junit.jupiter.api.Test;

/** Panels hold the elements of matrices where a matrix unit looks for them, well rounded. */
@EveryWidth
class Bf16PanelsTest {
  private static final int BF16_OF_FLOAT = 16;

  private static float element(MemorySegment panel, long at) {
    return Float.intBitsToFloat(panel.getAtIndex(ValueLayout.JAVA_SHORT, at) << BF16_OF_FLOAT);
  }

  /** Element of a left panel. */
  private static float left(MemorySegment panel, int line, int term) {
    return element(panel, (term / 32 * 32L + line) * 32 + term % 32);
  }

  /** Element of a right panel. */
  private static float right(MemorySegment panel, int line, int term) {
    return element(panel, (term / 2 * 32L + line) * 2 + term % 2);
  }

  private static float rounded(float x) {
    float[] one = {x};
    Bfloat16.round(Precision.BF16, one, 0, 1);
    return one[0];
  }

  private static float low(float x) {
    return rounded(x - rounded(x));
  }

  /** Memory that is filled with what must not be left there. */
  private static MemorySegment dirty(Arena arena, long bytes) {
    return arena.allocate(Math.max(64, bytes), 64).fill((byte) 0x55);
  }

  @Test
  void everyElementIsInItsPlaceAndTheRestIsZero() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = Floats.random(arena, 300 * 300, 1);
      int[][] sizes = {{32, 32}, {40, 67}, {33, 1}, {1, 45}, {64, 31}, {5, 72}};
      for (int[] size : sizes) {
        int rows = size[0];
        int cols = size[1];
        check(arena, new Matrix(data, 3, rows, cols, cols, 1));
        check(arena, new Matrix(data, 0, rows, cols, cols + 5, 1));
        check(arena, new Matrix(data, 1, rows, cols, 1, rows + 2));
        check(arena, new Matrix(data, 7, rows, cols, 2, 2L * rows));
        check(arena, new Matrix(data, 0, rows, cols, 0, 1));
        check(arena, new Matrix(data, 0, rows, cols, 1, 0));
      }
    }
  }

  /** All panels of rows, of all terms and of the terms from the third on. */
  private static void check(Arena arena, Matrix m) {
    for (int first = 0; first < m.rows(); first += 32) {
      for (int from = 0; from < Math.min(4, m.cols()); from += 3) {
        int depth = m.cols() - from;
        int steps = Bf16Panels.steps(depth);
        assertThat(steps).isEqualTo((depth + 31) / 32);
        MemorySegment l = dirty(arena, MatrixUnit.bytes(steps));
        MemorySegment r = dirty(arena, MatrixUnit.bytes(steps));
        MemorySegment work = dirty(arena, Bf16Panels.WORK);
        for (Part part : Part.values()) {
          Bf16Panels.left(part, m, first, from, depth, l.address(), work.address());
          Bf16Panels.right(part, m, first, from, depth, r.address(), work.address());
          float[] expected = new float[32 * 32 * steps];
          float[] onLeft = expected.clone();
          float[] onRight = expected.clone();
          for (int i = 0; i < 32; i++) {
            for (int k = 0; k < 32 * steps; k++) {
              int at = i * 32 * steps + k;
              boolean inside = first + i < m.rows() && k < depth;
              float x = inside ? Floats.get(m, first + i, from + k) : 0;
              expected[at] = part == Part.HIGH ? rounded(x) : low(x);
              onLeft[at] = left(l, i, k);
              onRight[at] = right(r, i, k);
            }
          }
          assertThat(onLeft).containsExactly(expected);
          assertThat(onRight).containsExactly(expected);
        }
      }
    }
  }

  @Test
  void nothingIsWrittenBehindThePanel() {
    try (Arena arena = Arena.ofConfined()) {
      Matrix m = Matrix.of(Floats.random(arena, 40 * 40, 2), 40, 40);
      for (Matrix lines : new Matrix[] {m, m.transposed()}) {
        MemorySegment to = dirty(arena, 3 * 2048);
        MemorySegment work = dirty(arena, Bf16Panels.WORK + 64);
        Bf16Panels.left(Part.HIGH, lines, 0, 0, 40, to.address(), work.address());
        Bf16Panels.right(Part.HIGH, lines, 0, 0, 40, to.address(), work.address());
        assertThat(to.asSlice(4096).toArray(ValueLayout.JAVA_BYTE)).containsOnly(0x55);
        assertThat(work.asSlice(Bf16Panels.WORK).toArray(ValueLayout.JAVA_BYTE)).containsOnly(0x55);
      }
    }
  }

  @Test
  void specialNumbersKeepTheirKind() {
    float lowNan = Float.intBitsToFloat(0x7f800001);
    float[] x = {
      Float.NaN, lowNan, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.MAX_VALUE, -0f
    };
    float inf = Float.POSITIVE_INFINITY;
    float[] high = {Float.NaN, Float.NaN, inf, -inf, inf, -0f};
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(32 * 32 * 4, 64);
      MemorySegment.copy(x, 0, data, ValueLayout.JAVA_FLOAT, 0, x.length);
      Matrix m = Matrix.of(data, 32, 32);
      MemorySegment to = dirty(arena, 2048);
      MemorySegment work = dirty(arena, Bf16Panels.WORK);
      for (int i = 0; i < x.length; i++) {
        Bf16Panels.left(Part.HIGH, m, 0, 0, 32, to.address(), work.address());
        assertThat(Float.compare(left(to, 0, i), high[i])).as("%s", x[i]).isZero();
        Bf16Panels.right(Part.HIGH, m.transposed(), 0, 0, 32, to.address(), work.address());
        assertThat(Float.compare(right(to, i, 0), high[i])).as("%s", x[i]).isZero();
        Bf16Panels.left(Part.LOW, m, 0, 0, 32, to.address(), work.address());
        assertThat(left(to, 0, i)).as("what is left of %s", x[i]).isZero();
      }
    }
  }

  /** High and low part together are the number but for 2^-17 of it. */
  @Test
  void theTwoPartsAreTheNumber() {
    try (Arena arena = Arena.ofConfined()) {
      Matrix m = Matrix.of(Floats.random(arena, 32 * 32, 3), 32, 32);
      MemorySegment high = dirty(arena, 2048);
      MemorySegment low = dirty(arena, 2048);
      MemorySegment work = dirty(arena, Bf16Panels.WORK);
      Bf16Panels.left(Part.HIGH, m, 0, 0, 32, high.address(), work.address());
      Bf16Panels.left(Part.LOW, m, 0, 0, 32, low.address(), work.address());
      for (int i = 0; i < 32; i++) {
        for (int k = 0; k < 32; k++) {
          double x = Floats.get(m, i, k);
          double sum = (double) left(high, i, k) + left(low, i, k);
          assertThat(Math.abs(sum - x)).isLessThanOrEqualTo(Math.abs(x) * 0x1p-17);
        }
      }
    }
  }

  /** Largest errors of a product whose operands are between -1 and 1, against sums of doubles. */
  private record Errors(double bf16, double split, double fp32) {}

  private static Errors errors(int terms, long seed) {
    MatrixUnit unit = PlainUnit.create();
    try (Arena arena = Arena.ofConfined()) {
      Matrix a = Matrix.of(Floats.random(arena, 32L * terms, seed), 32, terms);
      Matrix b = Matrix.of(Floats.random(arena, 32L * terms, seed + 1), terms, 32);
      int steps = Bf16Panels.steps(terms);
      long work = arena.allocate(Bf16Panels.WORK, 64).address();
      long aHigh = dirty(arena, MatrixUnit.bytes(steps)).address();
      long aLow = dirty(arena, MatrixUnit.bytes(steps)).address();
      long bHigh = dirty(arena, MatrixUnit.bytes(steps)).address();
      long bLow = dirty(arena, MatrixUnit.bytes(steps)).address();
      Bf16Panels.left(Part.HIGH, a, 0, 0, terms, aHigh, work);
      Bf16Panels.left(Part.LOW, a, 0, 0, terms, aLow, work);
      Bf16Panels.right(Part.HIGH, b.transposed(), 0, 0, terms, bHigh, work);
      Bf16Panels.right(Part.LOW, b.transposed(), 0, 0, terms, bLow, work);
      float[] rounded = new float[1024];
      float[] split = new float[1024];
      unit.multiply(aHigh, bHigh, rounded, steps, false);
      unit.multiplySplit(aHigh, aLow, bHigh, bLow, split, steps, false);
      double[] worst = new double[3];
      for (int i = 0; i < 32; i++) {
        for (int j = 0; j < 32; j++) {
          double right = 0;
          float chain = 0;
          for (int k = 0; k < terms; k++) {
            right += (double) Floats.get(a, i, k) * Floats.get(b, k, j);
            chain = Math.fma(Floats.get(a, i, k), Floats.get(b, k, j), chain);
          }
          worst[0] = Math.max(worst[0], Math.abs(rounded[i * 32 + j] - right));
          worst[1] = Math.max(worst[1], Math.abs(split[i * 32 + j] - right));
          worst[2] = Math.max(worst[2], Math.abs(chain - right));
        }
      }
      return new Errors(worst[0], worst[1], worst[2]);
    }
  }

  /**
   * For 1152 terms and results of 11 on average: 0.08 in bfloat16, 1.6e-4 in three products, 5e-5
   * in float32.
   */
  @Test
  void threeProductsAreFarCloserThanOne() {
    Errors e = errors(1152, 10);
    assertThat(e.bf16).as("%s", e).isBetween(0.03, 0.2);
    assertThat(e.split).as("%s", e).isBetween(2e-5, 3e-4);
    assertThat(e.fp32).as("%s", e).isLessThan(1.2e-4);
  }

  /** Rounding is relative: one term is off by two roundings of 2^-9, or of 2^-17. */
  @Test
  void aProductOfASingleTermHasTheErrorsOfItsOperands() {
    Errors e = errors(1, 20);
    assertThat(e.bf16).as("%s", e).isBetween(0x1p-12, 0x1.02p-8);
    assertThat(e.split).as("%s", e).isBetween(0x1p-24, 0x1p-15);
  }
}
