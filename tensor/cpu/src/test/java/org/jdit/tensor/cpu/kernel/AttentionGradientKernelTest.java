package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import org.jdit.tensor.cpu.kernel.AttentionGradientKernel.Inputs;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.spi.Precision;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The gradient of attention against its formulas in double precision, for all block sizes. */
@EveryWidth
class AttentionGradientKernelTest {
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

  /** Cotangents of q, k and v, as {@code [B, H, T or S, D]}. */
  private record Results(Operand dq, Operand dk, Operand dv) {}

  private Results results(Inputs in) {
    return new Results(
        tensor(7, in.q().shape()), tensor(8, in.k().shape()), tensor(9, in.v().shape()));
  }

  private Operand tensor(long seed, Shape shape) {
    return Floats.tensor(arena, seed, shape.dims().stream().mapToInt(i -> i).toArray());
  }

  private Inputs inputs(Operand q, Operand k, Operand v, Operand dOut, double scale) {
    Shape rows = q.shape().sub(0, 3);
    Operand lse = tensor(5, rows);
    new AttentionKernel(scratch).run(q, k, v, scale, tensor(6, q.shape()), lse);
    return new Inputs(q, k, v, lse, dOut, tensor(10, rows), scale);
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,1,1,1",
    "2,3,5,7,16",
    "1,2,13,207,13",
    "2,2,33,31,72",
    "1,2,256,256,64",
    "1,1,70,300,64",
    "1,1,600,40,33",
    "1,1,300,130,200",
    "1,1,40,50,2048"
  })
  void theGradientFollowsItsFormulas(int b, int h, int t, int s, int d) {
    Operand q = Floats.tensor(arena, 1, b, h, t, d);
    Operand k = Floats.tensor(arena, 2, b, h, s, d);
    Operand v = Floats.tensor(arena, 3, b, h, s, d);
    Operand dOut = Floats.tensor(arena, 4, b, h, t, d);
    for (double scale : new double[] {1 / Math.sqrt(d), -0.2}) {
      Inputs in = inputs(q, k, v, dOut, scale);
      Results results = results(in);
      new AttentionGradientKernel(scratch).run(in, results.dq(), results.dk(), results.dv());
      expect(in, results);
    }
  }

  @Test
  void anyStridesWillDo() {
    Operand q = scattered(1, 2, 2, 41, 8);
    Inputs in =
        inputs(
            q, scattered(2, 2, 2, 35, 8), scattered(3, 2, 2, 35, 8), scattered(4, 2, 2, 41, 8), 1);
    Results results = new Results(scattered(5, 2, 2, 41, 8), results(in).dk(), results(in).dv());
    new AttentionGradientKernel(scratch).run(in, results.dq(), results.dk(), results.dv());
    expect(in, results);
  }

  private Operand scattered(long seed, int b, int h, int t, int d) {
    Strided layout = Strided.contiguous(Shape.of(d, h, b, t)).permute(List.of(2, 1, 3, 0));
    return Floats.view(Floats.random(arena, (long) b * h * t * d, seed), layout);
  }

  @Test
  void withoutQueriesKeysAndValuesHaveNoGradient() {
    Operand none = Floats.tensor(arena, 1, 2, 3, 0, 4);
    Operand k = Floats.tensor(arena, 2, 2, 3, 5, 4);
    Operand rows = Floats.tensor(arena, 3, 2, 3, 0);
    Inputs in = new Inputs(none, k, k, rows, none, rows, 1);
    Results results = results(in);
    new AttentionGradientKernel(scratch).run(in, results.dq(), results.dk(), results.dv());
    assertThat(Floats.copy(results.dk().data())).containsOnly(0);
    assertThat(Floats.copy(results.dv().data())).containsOnly(0);
  }

  @Test
  void headsThatAreTooLargeAreRefused() {
    Operand q = Floats.tensor(arena, 1, 1, 1, 1, 2049);
    Operand rows = Floats.tensor(arena, 3, 1, 1, 1);
    Inputs in = new Inputs(q, q, q, rows, q, rows, 1);
    assertThatThrownBy(() -> new AttentionGradientKernel(scratch).run(in, q, q, q))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("2049");
  }

  private static void expect(Inputs in, Results results) {
    Shape q = in.q().shape();
    for (int image = 0; image < q.dim(0); image++) {
      for (int head = 0; head < q.dim(1); head++) {
        expectHead(in, results, image, head);
      }
    }
  }

  private static void expectHead(Inputs in, Results results, int image, int head) {
    double[][] q = head(in.q(), image, head);
    double[][] k = head(in.k(), image, head);
    double[][] v = head(in.v(), image, head);
    double[][] d = head(in.dOut(), image, head);
    double[][] dq = new double[q.length][q[0].length];
    double[][] dk = new double[k.length][q[0].length];
    double[][] dv = new double[k.length][q[0].length];
    for (int t = 0; t < q.length; t++) {
      for (int s = 0; s < k.length; s++) {
        double score = dot(q[t], k[s]) * in.scale();
        double p = Math.exp(score - Floats.get(in.lse(), image, head, t));
        double ds = p * (dot(d[t], v[s]) - Floats.get(in.rows(), image, head, t)) * in.scale();
        add(dq[t], ds, k[s]);
        add(dk[s], ds, q[t]);
        add(dv[s], p, d[t]);
      }
    }
    // Sums over the head's size, then over keys or queries, whose terms cancel.
    Tolerance bound = Tolerance.relToMax(1e-5);
    bound.assertClose("dq", flat(head(results.dq(), image, head)), flat(dq));
    bound.assertClose("dk", flat(head(results.dk(), image, head)), flat(dk));
    bound.assertClose("dv", flat(head(results.dv(), image, head)), flat(dv));
  }

  private static double[][] head(Operand x, int image, int head) {
    double[][] rows = new double[x.shape().dim(2)][x.shape().dim(3)];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < rows[i].length; j++) {
        rows[i][j] = Floats.get(x, image, head, i, j);
      }
    }
    return rows;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static void add(double[] to, double factor, double[] x) {
    for (int i = 0; i < to.length; i++) {
      to[i] += factor * x[i];
    }
  }

  private static double[] flat(double[][] x) {
    return Arrays.stream(x).flatMapToDouble(Arrays::stream).toArray();
  }
}
