package org.jdit.tensor.tornado.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import org.jdit.tensor.op.Conv2d;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

class ConvKernelTest {
  private final Random random = new Random(21);

  private record Case(Conv2d op, Operand x, Operand w, Operand bias, Operand out) {}

  @Test
  void convolvesAtOddSizes() {
    List<Case> cases = new ArrayList<>();
    cases.add(contiguous(new Conv2d(1, 0), 1, 17, 7, 5, 3, 1, 1));
    cases.add(contiguous(new Conv2d(1, 1), 2, 5, 9, 11, 13, 3, 3));
    cases.add(contiguous(new Conv2d(2, 2), 2, 5, 9, 11, 13, 3, 3));
    cases.add(contiguous(new Conv2d(2, 1), 1, 16, 7, 5, 3, 1, 1));
    cases.add(contiguous(new Conv2d(2, 0), 1, 3, 9, 9, 70, 3, 2));
    cases.add(contiguous(new Conv2d(4, 0), 1, 3, 12, 8, 31, 4, 4));
    compare(cases, 0);
  }

  @Test
  void takesStridedAndStackedOperands() {
    // Channels last, weights with outputs last, every other bias; the second of a stack.
    Operand x = floats(new Strided(Shape.of(2, 3, 6, 7), 4, List.of(126L, 1L, 21L, 3L)), 300);
    Operand w = floats(new Strided(Shape.of(5, 3, 3, 3), 1, List.of(1L, 45L, 15L, 5L)), 140);
    Operand bias = floats(new Strided(Shape.of(5), 1, List.of(2L)), 11);
    compare(List.of(of(new Conv2d(1, 1), x, w, bias)), 1);
  }

  private Case contiguous(Conv2d op, int n, int c, int h, int w, int o, int kh, int kw) {
    return of(
        op,
        floats(Strided.contiguous(Shape.of(n, c, h, w)), 0),
        floats(Strided.contiguous(Shape.of(o, c, kh, kw)), 0),
        floats(Strided.contiguous(Shape.of(o)), 0));
  }

  private static Case of(Conv2d op, Operand x, Operand w, Operand bias) {
    int h = (x.shape().dim(2) + 2 * op.padding() - w.shape().dim(2)) / op.stride() + 1;
    int v = (x.shape().dim(3) + 2 * op.padding() - w.shape().dim(3)) / op.stride() + 1;
    Shape out = Shape.of(x.shape().dim(0), w.shape().dim(0), h, v);
    return new Case(op, x, w, bias, Kernels.floats(out, new float[Math.toIntExact(out.numel())]));
  }

  private Operand floats(Strided layout, int step) {
    float[] v = new float[Math.toIntExact(layout.end()) + step];
    for (int i = 0; i < v.length; i++) {
      v[i] = 2 * random.nextFloat() - 1;
    }
    return new Operand(FloatArray.fromArray(v), DType.F32, layout, step);
  }

  private static void compare(List<Case> cases, int iteration) {
    Frame frame = Kernels.frame(iteration);
    Kernels.run(
        cases.stream().map(c -> ConvKernel.of(frame, c.op, c.x, c.w, c.bias, c.out)).toList());
    for (Case c : cases) {
      Shape s = c.out.shape();
      // A rounding of each term and of the bias.
      double bound = (c.w.numel() / s.dim(1) + 4) * 0x1p-24;
      for (int n = 0; n < s.dim(0); n++) {
        for (int o = 0; o < s.dim(1); o++) {
          for (int i = 0; i < s.dim(2); i++) {
            for (int j = 0; j < s.dim(3); j++) {
              double expected = expected(c, iteration, n, o, i, j);
              assertThat(at(c.out, 0, n, o, i, j))
                  .as("%s of %s x %s at %d %d %d %d", c.op, c.x, c.w, n, o, i, j)
                  .satisfies(
                      v ->
                          assertThat(Math.abs(v - expected))
                              .isLessThanOrEqualTo(bound + 2 * Math.abs(expected) * 0x1p-24));
            }
          }
        }
      }
    }
  }

  private static double expected(Case c, int iteration, int n, int o, int i, int j) {
    double sum = at(c.bias, iteration, o);
    Shape k = c.w.shape();
    for (int ch = 0; ch < k.dim(1); ch++) {
      for (int ki = 0; ki < k.dim(2); ki++) {
        for (int kj = 0; kj < k.dim(3); kj++) {
          int y = i * c.op.stride() - c.op.padding() + ki;
          int x = j * c.op.stride() - c.op.padding() + kj;
          if (y >= 0 && y < c.x.shape().dim(2) && x >= 0 && x < c.x.shape().dim(3)) {
            sum += at(c.w, iteration, o, ch, ki, kj) * at(c.x, iteration, n, ch, y, x);
          }
        }
      }
    }
    return sum;
  }

  private static double at(Operand x, int iteration, int... index) {
    int position = x.offset() + iteration * x.step();
    for (int axis = 0; axis < index.length; axis++) {
      position += index[axis] * x.stride(axis);
    }
    return x.floats().get(position);
  }
}
