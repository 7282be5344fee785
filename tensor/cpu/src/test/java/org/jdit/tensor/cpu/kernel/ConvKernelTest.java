package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.Arena;
import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.spi.Precision;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Convolutions against double-precision loops, and what must not change a bit of them. */
@EveryWidth
class ConvKernelTest {
  private final Arena arena = Arena.ofShared();
  private final Memory memory = new Memory();
  private final Workers workers = new Workers(2);
  private final Scratch scratch = new Scratch(workers, memory, Precision.FP32);

  @AfterEach
  void free() {
    scratch.close();
    workers.close();
    arena.close();
    assertThat(memory.liveBytes()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    // N, C, H, W, O, kh, kw, stride, padding
    "1,1,1,1,1,1,1,1,0",
    "1,1,1,1,1,3,3,1,1",
    "2,3,5,7,4,3,3,1,1",
    "1,4,8,8,13,1,1,1,0",
    "3,2,13,11,7,3,3,2,1",
    "1,2,16,16,6,2,2,2,0",
    "1,3,9,40,3,5,3,1,2",
    "1,140,6,64,14,3,3,1,1",
    "2,5,33,33,25,3,3,1,1",
    "1,2,4,70,5,3,3,1,1",
    "1,2,7,7,3,7,7,3,3",
    "1,1,2,3,2,3,3,1,4",
    "1,1,3,90,1200,1,1,1,0"
  })
  void convolutionsOfAllFormsAreExactToTheirRounding(
      int n, int c, int h, int w, int o, int kh, int kw, int stride, int padding) {
    Operand x = Floats.tensor(arena, 1, n, c, h, w);
    Operand weight = Floats.tensor(arena, 2, o, c, kh, kw);
    Operand bias = Floats.tensor(arena, 3, o);
    Operand y = convolve(scratch, x, weight, bias, stride, padding);
    expect(x, weight, bias, stride, padding, y);
  }

  @Test
  void theInputMayBeAViewAndIsNotReadBeyondIt() {
    Operand all = Floats.tensor(arena, 1, 2, 5, 9, 40);
    Strided part = all.layout().slice(1, 1, 3).slice(2, 2, 6).slice(3, 5, 31);
    Operand weight = Floats.tensor(arena, 2, 4, 3, 3, 3);
    Operand bias = Floats.tensor(arena, 3, 4);
    Operand y = convolve(scratch, all.with(part), weight, bias, 1, 1);
    expect(all.with(part), weight, bias, 1, 1, y);
  }

  @Test
  void aPixelIsTheSameWhateverTheNumberOfImagesAndThreads() {
    Operand x = Floats.tensor(arena, 1, 3, 130, 17, 19);
    Operand weight = Floats.tensor(arena, 2, 15, 130, 3, 3);
    Operand bias = Floats.tensor(arena, 3, 15);
    Operand y = convolve(scratch, x, weight, bias, 1, 1);
    for (int threads : new int[] {1, 3}) {
      try (Workers others = new Workers(threads);
          Scratch space = new Scratch(others, memory, Precision.FP32)) {
        Operand same = convolve(space, x, weight, bias, 1, 1);
        assertThat(same.data().mismatch(y.data())).isEqualTo(-1);
        Operand second = convolve(space, x.with(x.layout().slice(0, 1, 1)), weight, bias, 1, 1);
        long bytes = second.data().byteSize();
        assertThat(second.data().mismatch(y.data().asSlice(bytes, bytes))).isEqualTo(-1);
      }
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Operand x = Floats.tensor(arena, 1, 1, 2, 4, 4);
    ConvWeights weights = pack(arena, scratch, Floats.tensor(arena, 2, 3, 2, 3, 3));
    Operand bias = Floats.tensor(arena, 3, 3);
    Operand small = Floats.tensor(arena, 4, 1, 3, 2, 2);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ConvKernel(scratch).run(x, weights, bias, 1, 1, small));
    Operand y = Floats.tensor(arena, 4, 1, 3, 4, 4);
    Operand turned = x.with(x.layout().permute(List.of(0, 1, 3, 2)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ConvKernel(scratch).run(turned, weights, bias, 1, 1, y))
        .withMessageContaining("adjacent");
  }

  private Operand convolve(
      Scratch space, Operand x, Operand weight, Operand bias, int stride, int padding) {
    return convolve(arena, space, x, weight, bias, stride, padding);
  }

  static Operand convolve(
      Arena arena,
      Scratch scratch,
      Operand x,
      Operand weight,
      Operand bias,
      int stride,
      int padding) {
    Shape s = x.shape();
    Shape w = weight.shape();
    Operand out =
        Floats.tensor(
            arena,
            4,
            s.dim(0),
            w.dim(0),
            (s.dim(2) + 2 * padding - w.dim(2)) / stride + 1,
            (s.dim(3) + 2 * padding - w.dim(3)) / stride + 1);
    new ConvKernel(scratch).run(x, pack(arena, scratch, weight), bias, stride, padding, out);
    return out;
  }

  static ConvWeights pack(Arena arena, Scratch scratch, Operand weight) {
    long bytes = ConvWeights.bytes(scratch, weight.shape());
    ConvWeights weights =
        new ConvWeights(scratch, arena.allocate(bytes, 64).fill((byte) 0x55), weight.shape());
    weights.pack(weight);
    return weights;
  }

  private static void expect(
      Operand x, Operand weight, Operand bias, int stride, int padding, Operand y) {
    expect(Precision.FP32, 0, x, weight, bias, stride, padding, y);
  }

  /**
   * A sum of K products, each rounded, is wrong by at most K 2^-24 of the sum of their sizes.
   *
   * @param precision what the operands are rounded to
   * @param leftOut what part of a product may be missing
   */
  static void expect(
      Precision precision,
      double leftOut,
      Operand x,
      Operand weight,
      Operand bias,
      int stride,
      int padding,
      Operand y) {
    Shape s = x.shape();
    Shape k = weight.shape();
    Shape to = y.shape();
    for (int n = 0; n < to.dim(0); n++) {
      for (int o = 0; o < to.dim(1); o++) {
        for (int i = 0; i < to.dim(2); i++) {
          for (int j = 0; j < to.dim(3); j++) {
            double sum = Floats.get(bias, o);
            double size = Math.abs(sum);
            for (int c = 0; c < k.dim(1); c++) {
              for (int a = 0; a < k.dim(2); a++) {
                for (int b = 0; b < k.dim(3); b++) {
                  int row = i * stride + a - padding;
                  int col = j * stride + b - padding;
                  if (row >= 0 && row < s.dim(2) && col >= 0 && col < s.dim(3)) {
                    double product =
                        (double) Floats.rounded(precision, Floats.get(x, n, c, row, col))
                            * Floats.rounded(precision, Floats.get(weight, o, c, a, b));
                    sum += product;
                    size += Math.abs(product);
                  }
                }
              }
            }
            double bound = ((k.dim(1) * k.dim(2) * k.dim(3) + 2) * 0x1p-24 + leftOut) * size;
            if (!(Math.abs(Floats.get(y, n, o, i, j) - sum) <= bound)) {
              assertThat((double) Floats.get(y, n, o, i, j))
                  .as("[%d, %d, %d, %d]", n, o, i, j)
                  .isEqualTo(sum);
            }
          }
        }
      }
    }
  }
}
