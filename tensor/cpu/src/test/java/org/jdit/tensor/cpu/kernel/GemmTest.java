package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jdit.tensor.DType;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.op.Linear.Activation;
import org.jdit.tensor.spi.Precision;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products against double-precision loops, and what must not change a bit of them. */
@EveryWidth
class GemmTest {
  private final Arena arena = Arena.ofShared();
  private final Memory memory = new Memory();
  private final Workers workers = new Workers(2);
  private final Scratch scratch = new Scratch(workers, memory, Precision.FP32);
  private final Gemm gemm = new Gemm(scratch);
  private final List<PackedMatrix> weights = new ArrayList<>();

  @AfterEach
  void free() {
    weights.forEach(PackedMatrix::close);
    scratch.close();
    workers.close();
    arena.close();
    assertThat(memory.liveBytes()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,1",
    "1,1,13",
    "13,1,1",
    "2,3,5",
    "6,7,32",
    "7,16,33",
    "12,64,64",
    "13,31,31",
    "18,5,207",
    "207,13,97",
    "133,1153,65",
    "25,2305,17",
    "1,1152,48",
    "0,4,4",
    "4,4,0",
    "3,0,5",
    "1061,1151,3"
  })
  void productsOfAllFormsAreExactToTheirRounding(int m, int k, int n) {
    for (int form = 0; form < 4; form++) {
      Matrix a = matrix(m, k, (form & 1) == 0, 1);
      Matrix b = matrix(k, n, (form & 2) == 0, 2);
      Matrix c = matrix(m, n, true, 3);
      PackedMatrix packed = pack(b);
      gemm.multiply(a, packed, c, Epilogue.NONE);
      expect(a, b, c);

      Matrix again = matrix(m, n, true, 3);
      gemm.multiply(a, b, again, Epilogue.NONE);
      assertThat(Floats.copy(again.data())).containsExactly(Floats.copy(c.data()));
    }
  }

  @Test
  void whatLiesBetweenTheRowsOfAViewStaysAsItIs() {
    MemorySegment data = Floats.random(arena, 4000, 9);
    float[] before = Floats.copy(data);
    Matrix c = new Matrix(data, 5, 29, 37, 53, 1);
    Matrix a = new Matrix(Floats.random(arena, 9000, 1), 7, 29, 11, 61, 5);
    Matrix b = new Matrix(Floats.random(arena, 9000, 2), 3, 11, 37, 2, 201);
    gemm.multiply(a, pack(b), c, Epilogue.NONE);
    expect(a, b, c);
    for (int i = 0; i < before.length; i++) {
      int row = (i - 5) / 53;
      if (i < 5 || row >= 29 || (i - 5) % 53 >= 37) {
        assertThat(Floats.get(data, i)).isEqualTo(before[i]);
      }
    }
  }

  @Test
  void epiloguesComeAfterTheWholeSum() {
    int m = 19;
    int k = 1200;
    int n = 77;
    Matrix a = matrix(m, k, true, 1);
    Matrix b = matrix(k, n, false, 2);
    MemorySegment bias = Floats.random(arena, n + 3, 4);
    PackedMatrix packed = pack(b);
    Matrix plain = matrix(m, n, true, 3);
    gemm.multiply(a, packed, plain, Epilogue.NONE);
    for (Activation activation : Activation.values()) {
      Matrix c = matrix(m, n, true, 3);
      gemm.multiply(a, packed, c, new Epilogue.Affine(bias, 3, activation));
      for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
          double x = Floats.get(plain, i, j) + Floats.get(bias, j + 3);
          double u = Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
          double expected =
              switch (activation) {
                case NONE -> x;
                case GELU -> x / (1 + Math.exp(-2 * u));
                case SILU -> x / (1 + Math.exp(-x));
              };
          // Rounding of x times the slope of the activation, below 1.2, and the function's own.
          double bound = 4e-7 * (Math.abs(x) + Math.abs(expected)) + 1e-30;
          assertThat((double) Floats.get(c, i, j)).isCloseTo(expected, within(bound));
        }
      }
    }
  }

  @Test
  void batchesOfManySmallProductsAndOfLargeOnesAgreeWithSingleProducts() {
    for (int[] s : new int[][] {{300, 7, 9, 5}, {3, 700, 1300, 70}, {2, 5, 1152, 4000}}) {
      int batch = s[0];
      int m = s[1];
      int k = s[2];
      int n = s[3];
      Matrix a = new Matrix(Floats.random(arena, (long) batch * m * k, 1), 0, m, k, k, 1);
      Matrix b = new Matrix(Floats.random(arena, 2L * n * k, 2), 0, k, n, 1, k);
      Matrix c = new Matrix(Floats.random(arena, (long) batch * m * n, 3), 0, m, n, n, 1);
      long[] ao = new long[batch];
      long[] bo = new long[batch];
      long[] co = new long[batch];
      for (int i = 0; i < batch; i++) {
        ao[i] = (long) i * m * k;
        bo[i] = (long) (i % 2) * n * k;
        co[i] = (long) (batch - 1 - i) * m * n;
      }
      gemm.batched(a, ao, b, bo, c, co, Epilogue.NONE);
      for (int i = 0; i < batch; i++) {
        Matrix one = matrix(m, n, true, 5);
        gemm.multiply(a.shifted(ao[i]), b.shifted(bo[i]), one, Epilogue.NONE);
        long at = c.offset() + co[i];
        assertThat(one.data().mismatch(c.data().asSlice(at * 4, one.data().byteSize())))
            .isEqualTo(-1);
      }
    }
  }

  @Test
  void aRowIsTheSameWhateverTheNumberOfRowsAndThreads() {
    int k = 1300;
    int n = 71;
    Matrix all = matrix(300, k, true, 1);
    Matrix b = matrix(k, n, false, 2);
    PackedMatrix packed = pack(b);
    Matrix c = matrix(300, n, true, 3);
    gemm.multiply(all, packed, c, Epilogue.NONE);
    for (int threads : new int[] {1, 3}) {
      try (Workers others = new Workers(threads);
          Scratch space = new Scratch(others, memory, Precision.FP32)) {
        for (int rows : new int[] {1, 2, 6, 7, 12, 13, 133, 300}) {
          Matrix a = new Matrix(all.data(), 0, rows, k, k, 1);
          Matrix part = matrix(rows, n, true, 3);
          new Gemm(space).multiply(a, packed, part, Epilogue.NONE);
          assertThat(part.data().mismatch(c.data().asSlice(0, part.data().byteSize())))
              .isEqualTo(-1);
        }
      }
    }
  }

  @Test
  void infinityAndNanStayInTheirRowAndColumn() {
    Matrix a = matrix(14, 9, true, 1);
    Matrix b = matrix(9, 40, true, 2);
    a.data().setAtIndex(ValueLayout.JAVA_FLOAT, 13 * 9L, Float.NaN);
    b.data().setAtIndex(ValueLayout.JAVA_FLOAT, 39, Float.POSITIVE_INFINITY);
    Matrix c = matrix(14, 40, true, 3);
    gemm.multiply(a, b, c, Epilogue.NONE);
    for (int i = 0; i < 14; i++) {
      for (int j = 0; j < 40; j++) {
        assertThat(Float.isFinite(Floats.get(c, i, j))).isEqualTo(i != 13 && j != 39);
      }
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Matrix a = matrix(3, 4, true, 1);
    Matrix b = matrix(5, 6, true, 2);
    Matrix c = matrix(3, 6, true, 3);
    assertThatIllegalArgumentException().isThrownBy(() -> gemm.multiply(a, b, c, Epilogue.NONE));
    Matrix fits = matrix(4, 6, true, 2);
    Matrix columnMajor = matrix(3, 6, false, 3);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> gemm.multiply(a, fits, columnMajor, Epilogue.NONE))
        .withMessageContaining("row-major");
    assertThatExceptionOfType(IndexOutOfBoundsException.class)
        .isThrownBy(() -> new Matrix(a.data(), 1, 3, 4, 4, 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Matrix.of(MemorySegment.ofArray(new float[12]), 3, 4));
  }

  private Matrix matrix(int rows, int cols, boolean rowMajor, long seed) {
    MemorySegment data = Floats.random(arena, (long) rows * cols, new Random(seed).nextLong());
    return rowMajor
        ? Matrix.of(data, rows, cols)
        : new Matrix(data, 0, rows, cols, 1, Math.max(1, rows));
  }

  private PackedMatrix pack(Matrix b) {
    PackedMatrix packed = new PackedMatrix(scratch, memory, b.rows(), b.cols());
    weights.add(packed);
    packed.pack(b, DType.F32);
    return packed;
  }

  /** A sum of K products, each rounded, is wrong by at most K 2^-24 of the sum of their sizes. */
  private static void expect(Matrix a, Matrix b, Matrix c) {
    for (int i = 0; i < c.rows(); i++) {
      for (int j = 0; j < c.cols(); j++) {
        double sum = 0;
        double size = 0;
        for (int k = 0; k < a.cols(); k++) {
          double product = (double) Floats.get(a, i, k) * Floats.get(b, k, j);
          sum += product;
          size += Math.abs(product);
        }
        double error = Math.abs(Floats.get(c, i, j) - sum);
        if (!(error <= (a.cols() + 2) * 0x1p-24 * size)) {
          assertThat((double) Floats.get(c, i, j)).as("[%d, %d]", i, j).isEqualTo(sum);
        }
      }
    }
  }
}
