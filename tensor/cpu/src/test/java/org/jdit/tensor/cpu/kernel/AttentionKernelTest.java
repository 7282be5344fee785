package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.spi.Precision;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attention against its definition in double precision, and what must not change a bit of it. */
@EveryWidth
class AttentionKernelTest {
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
    "1,1,1,1,1",
    "2,3,5,7,16",
    "1,2,13,207,13",
    "2,2,33,31,72",
    "1,2,256,256,72",
    "1,1,70,1100,64",
    "1,1,600,40,33",
    "1,1,40,300,512",
    "1,1,3,50,2048"
  })
  void attentionFollowsItsDefinition(int b, int h, int t, int s, int d) {
    Operand q = Floats.tensor(arena, 1, b, h, t, d);
    Operand k = Floats.tensor(arena, 2, b, h, s, d);
    Operand v = Floats.tensor(arena, 3, b, h, s, d);
    Operand out = Floats.tensor(arena, 4, b, h, t, d);
    Operand lse = Floats.tensor(arena, 5, b, h, t);
    for (double scale : new double[] {1 / Math.sqrt(d), -2}) {
      new AttentionKernel(scratch).run(q, k, v, scale, out, lse);
      expect(q, k, v, scale, out, lse);
    }
  }

  @Test
  void queriesKeysAndValuesMayBeViewsOfOneBuffer() {
    int b = 2;
    int t = 37;
    int h = 3;
    int d = 24;
    MemorySegment qkv = Floats.random(arena, (long) b * t * 3 * h * d, 1);
    Operand[] parts = new Operand[3];
    for (int i = 0; i < 3; i++) {
      Strided all = Strided.contiguous(Shape.of(b, t, 3, h, d)).slice(2, i, 1);
      List<Long> st = all.strides();
      parts[i] =
          Floats.view(
              qkv,
              new Strided(
                  Shape.of(b, h, t, d),
                  all.offset(),
                  List.of(st.get(0), st.get(3), st.get(1), st.get(4))));
    }
    Operand out =
        Floats.view(
            Floats.random(arena, (long) b * t * h * d, 2),
            Strided.contiguous(Shape.of(b, t, h, d)).permute(List.of(0, 2, 1, 3)));
    Operand lse = Floats.tensor(arena, 5, b, h, t);
    new AttentionKernel(scratch).run(parts[0], parts[1], parts[2], 0.2, out, lse);
    expect(parts[0], parts[1], parts[2], 0.2, out, lse);
  }

  @Test
  void anyStridesWillDo() {
    Operand q = scattered(1, 2, 2, 9, 8);
    Operand k = scattered(2, 2, 2, 11, 8);
    Operand v = scattered(3, 2, 2, 11, 8);
    Operand out = scattered(4, 2, 2, 9, 8);
    Operand lse = Floats.tensor(arena, 5, 2, 2, 9);
    new AttentionKernel(scratch).run(q, k, v, 0.35, out, lse);
    expect(q, k, v, 0.35, out, lse);
  }

  private Operand scattered(long seed, int b, int h, int t, int d) {
    Strided layout = Strided.contiguous(Shape.of(d, h, b, t)).permute(List.of(2, 1, 3, 0));
    return Floats.view(Floats.random(arena, (long) b * h * t * d, seed), layout);
  }

  @Test
  void largeScoresNeitherOverflowNorVanish() {
    Operand q = Floats.tensor(arena, 1, 1, 1, 20, 16);
    Operand k = Floats.tensor(arena, 2, 1, 1, 700, 16);
    Operand v = Floats.tensor(arena, 3, 1, 1, 700, 16);
    Operand out = Floats.tensor(arena, 4, 1, 1, 20, 16);
    Operand lse = Floats.tensor(arena, 5, 1, 1, 20);
    new AttentionKernel(scratch).run(q, k, v, 1e4, out, lse);
    for (int t = 0; t < 20; t++) {
      assertThat(Floats.get(out, 0, 0, t, 3)).isBetween(-1f, 1f);
      assertThat(Floats.get(lse, 0, 0, t)).isGreaterThan(1e3f).isFinite();
    }
  }

  @Test
  void nanStaysWithItsQuery() {
    Operand q = Floats.tensor(arena, 1, 1, 1, 20, 16);
    q.data().setAtIndex(ValueLayout.JAVA_FLOAT, 7 * 16, Float.NaN);
    Operand k = Floats.tensor(arena, 2, 1, 1, 30, 16);
    Operand v = Floats.tensor(arena, 3, 1, 1, 30, 16);
    Operand out = Floats.tensor(arena, 4, 1, 1, 20, 16);
    Operand lse = Floats.tensor(arena, 5, 1, 1, 20);
    new AttentionKernel(scratch).run(q, k, v, 1, out, lse);
    for (int t = 0; t < 20; t++) {
      assertThat(Float.isNaN(Floats.get(out, 0, 0, t, 0))).isEqualTo(t == 7);
      assertThat(Float.isNaN(Floats.get(lse, 0, 0, t))).isEqualTo(t == 7);
    }
  }

  @Test
  void aQueryIsTheSameWhateverTheNumberOfQueriesImagesAndThreads() {
    int t = 200;
    int s = 230;
    int d = 300;
    Operand q = Floats.tensor(arena, 1, 2, 2, t, d);
    Operand k = Floats.tensor(arena, 2, 2, 2, s, d);
    Operand v = Floats.tensor(arena, 3, 2, 2, s, d);
    Operand out = Floats.tensor(arena, 4, 2, 2, t, d);
    Operand lse = Floats.tensor(arena, 5, 2, 2, t);
    new AttentionKernel(scratch).run(q, k, v, 0.1, out, lse);
    float[] all = Floats.copy(out.data());
    for (int threads : new int[] {1, 3}) {
      try (Workers others = new Workers(threads);
          Scratch space = new Scratch(others, memory, Precision.FP32)) {
        Operand whole = Floats.tensor(arena, 6, 2, 2, t, d);
        new AttentionKernel(space).run(q, k, v, 0.1, whole, lse);
        assertThat(Floats.copy(whole.data())).containsExactly(all);
        // The second image alone, and of it a few queries.
        Operand few = Floats.tensor(arena, 6, 1, 2, 17, d);
        new AttentionKernel(space)
            .run(
                q.with(q.layout().slice(0, 1, 1).slice(2, 3, 17)),
                k.with(k.layout().slice(0, 1, 1)),
                v.with(v.layout().slice(0, 1, 1)),
                0.1,
                few,
                Floats.tensor(arena, 5, 1, 2, 17));
        for (int i = 0; i < 17; i++) {
          assertThat(Floats.get(few, 0, 1, i, d - 1))
              .isEqualTo(Floats.get(out, 1, 1, 3 + i, d - 1));
        }
      }
    }
  }

  @Test
  void headsThatAreTooLargeAreRefused() {
    int d = AttentionKernel.MAX_HEAD_SIZE + 1;
    Operand q = Floats.tensor(arena, 1, 1, 1, 1, d);
    Operand lse = Floats.tensor(arena, 5, 1, 1, 1);
    assertThatThrownBy(() -> new AttentionKernel(scratch).run(q, q, q, 1, q, lse))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("heads of size " + d);
  }

  private static void expect(
      Operand q, Operand k, Operand v, double scale, Operand out, Operand lse) {
    expect(Precision.FP32, 0, q, k, v, scale, out, lse);
  }

  /**
   * Scores carry an error of (D + 2) 2^-24 of their terms, which the exponential turns into a
   * relative one of the weights; the weighted sum and the sum of weights add S 2^-24 each at worst.
   * The weights of the values are rounded too, by up to 2^-8 of themselves, or 2^-16.
   *
   * @param precision what the operands are rounded to
   * @param leftOut what part of a product may be missing
   */
  static void expect(
      Precision precision,
      double leftOut,
      Operand q,
      Operand k,
      Operand v,
      double scale,
      Operand out,
      Operand lse) {
    double weights =
        switch (precision) {
          case FP32 -> 0;
          case BF16X3 -> 0x1p-16;
          case BF16 -> 0x1p-8;
        };
    int size = q.shape().dim(3);
    int keys = k.shape().dim(2);
    for (int b = 0; b < q.shape().dim(0); b++) {
      for (int h = 0; h < q.shape().dim(1); h++) {
        for (int t = 0; t < q.shape().dim(2); t++) {
          double[] score = new double[keys];
          double largest = Double.NEGATIVE_INFINITY;
          double terms = 0;
          for (int s = 0; s < keys; s++) {
            double sizes = 0;
            for (int d = 0; d < size; d++) {
              double x =
                  (double) Floats.rounded(precision, Floats.get(q, b, h, t, d))
                      * Floats.rounded(precision, Floats.get(k, b, h, s, d))
                      * scale;
              score[s] += x;
              sizes += Math.abs(x);
            }
            largest = Math.max(largest, score[s]);
            terms = Math.max(terms, sizes);
          }
          double sum = 0;
          double[] expected = new double[size];
          double[] weighted = new double[size];
          for (int s = 0; s < keys; s++) {
            double e = Math.exp(score[s] - largest);
            sum += e;
            for (int d = 0; d < size; d++) {
              double x = Floats.rounded(precision, Floats.get(v, b, h, s, d));
              expected[d] += e * x;
              weighted[d] += e * Math.abs(x);
            }
          }
          double relative = (2 * (size + 4) * terms + 2 * keys + 8) * 0x1p-24 + 2 * leftOut * terms;
          for (int d = 0; d < size; d++) {
            double error = Math.abs(Floats.get(out, b, h, t, d) - expected[d] / sum);
            if (!(error <= (relative + leftOut + weights) * weighted[d] / sum)) {
              assertThat((double) Floats.get(out, b, h, t, d))
                  .as("[%d, %d, %d, %d]", b, h, t, d)
                  .isEqualTo(expected[d] / sum);
            }
          }
          double exact = Math.log(sum) + largest;
          double error = Math.abs(Floats.get(lse, b, h, t) - exact);
          if (!(error <= relative + 0x1p-23 * Math.abs(exact))) {
            assertThat((double) Floats.get(lse, b, h, t)).isEqualTo(exact);
          }
        }
      }
    }
  }
}
