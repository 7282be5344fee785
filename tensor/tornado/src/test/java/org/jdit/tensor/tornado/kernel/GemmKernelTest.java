package org.jdit.tensor.tornado.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import org.jdit.tensor.op.Linear;
import org.jdit.tensor.op.Linear.Activation;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

class GemmKernelTest {
  private final Random random = new Random(20);
  private final List<Launch> launches = new ArrayList<>();
  private final List<Runnable> checks = new ArrayList<>();

  /** In the third iteration of a loop, so that stacked operands lie two steps further. */
  private final Frame frame = Kernels.frame(2);

  @Test
  void linearTakesAllSizes() {
    // Few rows and many; sizes that fill tiles and that do not; without products.
    linear(Activation.NONE, 1, 1, 1);
    linear(Activation.SILU, 8, 207, 13);
    linear(Activation.GELU, 3, 0, 5);
    linear(Activation.NONE, 9, 33, 17);
    linear(Activation.GELU, 65, 33, 129);
    linear(Activation.SILU, 128, 16, 64);
    linear(Activation.NONE, 12, 0, 5);
    compare();
  }

  @Test
  void linearTakesStridedAndStackedOperands() {
    for (int rows : new int[] {6, 21}) {
      Shape x = Shape.of(rows / 3, 3, 19);
      // Columns 2 to 20 of rows of 23, a transposed weight, every third bias, all of them stacked.
      linear(
          Activation.GELU,
          floats(new Strided(x, 2, List.of(69L, 23L, 1L)), 1000),
          floats(new Strided(Shape.of(37, 19), 5, List.of(1L, 40L)), 811),
          floats(new Strided(Shape.of(37), 1, List.of(3L)), 111));
      // Rows that all are the same one.
      linear(
          Activation.NONE,
          floats(new Strided(x, 0, List.of(0L, 0L, 1L)), 0),
          floats(Strided.contiguous(Shape.of(37, 19)), 703),
          floats(Strided.contiguous(Shape.of(37)), 37));
    }
    compare();
  }

  @Test
  void matmulBroadcastsLeadingAxesAndTakesTransposes() {
    matmul(contiguous(65, 33), contiguous(33, 17));
    matmul(transposed(65, 33), transposed(33, 17));
    matmul(transposed(1, 207), contiguous(207, 13));
    matmul(contiguous(2, 3, 5, 7), transposed(2, 3, 7, 4));
    matmul(contiguous(1, 2, 13, 4), contiguous(5, 1, 4, 2));
    matmul(contiguous(3, 4), contiguous(2, 4, 5));
    matmul(contiguous(2, 9, 4), contiguous(4, 5));
    matmul(transposed(2, 9, 4), contiguous(4, 5));
    matmul(contiguous(2, 3, 0), contiguous(0, 2));
    compare();
  }

  @Test
  void whatLiesBesideAMatrixStaysOut() {
    // NaN around the operands and an infinite row: neither reaches a result of another row.
    Operand x = floats(new Strided(Shape.of(13, 18), 3, List.of(20L, 1L)), 0);
    Operand w = floats(new Strided(Shape.of(5, 18), 1, List.of(20L, 1L)), 0);
    for (Operand o : List.of(x, w)) {
      for (int i = 0; i < o.floats().getSize(); i++) {
        int column = (i - o.offset() + 20) % 20;
        if (i < o.offset() || column >= 18) {
          o.floats().set(i, Float.NaN);
        }
      }
    }
    for (int i = 0; i < 18; i++) {
      x.floats().set(3 + 7 * 20 + i, Float.POSITIVE_INFINITY);
    }
    Operand y = zeros(Shape.of(13, 5));
    Operand bias = floats(Strided.contiguous(Shape.of(5)), 0);
    Kernels.run(List.of(GemmKernel.linear(frame, new Linear(Activation.NONE), x, w, bias, y)));
    for (int i = 0; i < 65; i++) {
      assertThat(Float.isFinite(y.floats().get(i))).as("row %d", i / 5).isEqualTo(i / 5 != 7);
    }
  }

  private Operand contiguous(int... dims) {
    return floats(Strided.contiguous(Shape.of(dims)), 0);
  }

  private Operand transposed(int... dims) {
    int rank = dims.length;
    int[] swapped = dims.clone();
    swapped[rank - 2] = dims[rank - 1];
    swapped[rank - 1] = dims[rank - 2];
    List<Integer> axes = new ArrayList<>();
    for (int i = 0; i < rank - 2; i++) {
      axes.add(i);
    }
    axes.add(rank - 1);
    axes.add(rank - 2);
    return floats(Strided.contiguous(Shape.of(swapped)), 0).permute(axes);
  }

  private void linear(Activation activation, int m, int k, int n) {
    linear(
        activation,
        floats(Strided.contiguous(Shape.of(m, k)), 0),
        floats(Strided.contiguous(Shape.of(n, k)), 0),
        floats(Strided.contiguous(Shape.of(n)), 0));
  }

  private void linear(Activation activation, Operand x, Operand w, Operand bias) {
    int n = w.shape().dim(0);
    int k = w.shape().dim(1);
    Operand y = zeros(x.shape().with(-1, n));
    launches.add(GemmKernel.linear(frame, new Linear(activation), x, w, bias, y));
    DoubleUnaryOperator f =
        switch (activation) {
          case NONE -> v -> v;
          case GELU ->
              v -> v / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v * v * v)));
          case SILU -> v -> v / (1 + Math.exp(-v));
        };
    check(
        "%s %s x %s".formatted(activation, x.layout(), w.layout()),
        y,
        k,
        i -> {
          double sum = at(bias, i % n);
          for (int d = 0; d < k; d++) {
            sum += at(x, i / n * k + d) * at(w, i % n * k + d);
          }
          return f.applyAsDouble(sum);
        });
  }

  private void matmul(Operand a, Operand b) {
    int m = a.shape().dim(-2);
    int k = a.shape().dim(-1);
    int n = b.shape().dim(-1);
    Shape batch =
        Shape.broadcast(
            a.shape().sub(0, a.shape().rank() - 2), b.shape().sub(0, b.shape().rank() - 2));
    Operand y = zeros(batch.plus(Shape.of(m, n)));
    Operand wideA = a.expand(batch.plus(Shape.of(m, k)));
    Operand wideB = b.expand(batch.plus(Shape.of(k, n)));
    launches.add(GemmKernel.matmul(frame, a, b, y));
    check(
        "%s x %s".formatted(a.layout(), b.layout()),
        y,
        k,
        i -> {
          double sum = 0;
          int matrix = i / (m * n);
          for (int d = 0; d < k; d++) {
            sum +=
                at(wideA, (matrix * m + i / n % m) * k + d)
                    * at(wideB, (matrix * k + d) * n + i % n);
          }
          return sum;
        });
  }

  /** An operand with elements within ±1 in its buffer, as many as the third iteration needs. */
  private Operand floats(Strided layout, int step) {
    float[] v = new float[Math.toIntExact(Math.max(layout.end(), 1)) + 2 * step];
    for (int i = 0; i < v.length; i++) {
      v[i] = 2 * random.nextFloat() - 1;
    }
    return new Operand(FloatArray.fromArray(v), DType.F32, layout, step);
  }

  private static Operand zeros(Shape shape) {
    return Kernels.floats(shape, new float[Math.toIntExact(shape.numel())]);
  }

  /** Element of a row-major index in the third iteration. */
  private static double at(Operand x, int index) {
    int position = x.offset() + 2 * x.step();
    int left = index;
    for (int axis = x.shape().rank() - 1; axis >= 0; axis--) {
      position += left % x.shape().dim(axis) * x.stride(axis);
      left /= x.shape().dim(axis);
    }
    return x.floats().get(position);
  }

  private void check(String name, Operand y, int terms, IntToDoubleFunction expected) {
    checks.add(
        () -> {
          for (int i = 0; i < y.numel(); i++) {
            double e = expected.applyAsDouble(i);
            // A rounding of each term and the bias, doubled by activations, which add a few.
            double bound = ((2 * terms + 24) + 8 * Math.abs(e)) * 0x1p-24;
            assertThat((double) y.floats().get(i))
                .as("%s at %d", name, i)
                .satisfies(v -> assertThat(Math.abs(v - e)).isLessThanOrEqualTo(bound));
          }
        });
  }

  private void compare() {
    Kernels.run(launches);
    checks.forEach(Runnable::run);
  }
}
