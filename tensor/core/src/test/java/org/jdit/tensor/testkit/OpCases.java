package org.jdit.tensor.testkit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Attention;
import org.jdit.tensor.op.AttentionGradient;
import org.jdit.tensor.op.Binary;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.Cast;
import org.jdit.tensor.op.Clamp;
import org.jdit.tensor.op.Compare;
import org.jdit.tensor.op.Concat;
import org.jdit.tensor.op.Conv2d;
import org.jdit.tensor.op.Detach;
import org.jdit.tensor.op.Expand;
import org.jdit.tensor.op.Fill;
import org.jdit.tensor.op.Fold;
import org.jdit.tensor.op.GateResidual;
import org.jdit.tensor.op.Gather;
import org.jdit.tensor.op.Gelu;
import org.jdit.tensor.op.GroupNorm;
import org.jdit.tensor.op.Iota;
import org.jdit.tensor.op.LayerNorm;
import org.jdit.tensor.op.LayerNormModulate;
import org.jdit.tensor.op.Linear;
import org.jdit.tensor.op.MatMul;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.op.Pad;
import org.jdit.tensor.op.Permute;
import org.jdit.tensor.op.Reduce;
import org.jdit.tensor.op.Reshape;
import org.jdit.tensor.op.RmsNorm;
import org.jdit.tensor.op.Scale;
import org.jdit.tensor.op.ScatterAdd;
import org.jdit.tensor.op.Shift;
import org.jdit.tensor.op.Silu;
import org.jdit.tensor.op.Slice;
import org.jdit.tensor.op.Softmax;
import org.jdit.tensor.op.Unary;
import org.jdit.tensor.op.Unfold;
import org.jdit.tensor.op.Where;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.testkit.OpCase.Bound;
import org.jdit.tensor.testkit.OpCase.Operand;

/**
 * The cases that every backend is held to: each operation at sizes that fill no vector or panel, at
 * 1, at 0 where that is legal, and broadcast in every position.
 *
 * <p>Bounds count roundings. An operation that IEEE arithmetic rounds once gets 2 (the second for a
 * constant). Elementary functions get 4 (2 ulp) of the result, and of 1 where they cross zero. A
 * sum of K random terms within ±1 has partial sums near √k/√3, whose rounding errors add up like a
 * random walk to about K/4 units of rounding: {@link #sum} allows K, four deviations.
 */
public final class OpCases {
  private static final Bound EXACT = new Bound(0, 0);
  private static final Bound ROUNDED = new Bound(0, 2);
  private static final Draw UNIT = Draw.uniform(-1, 1);
  private static final Draw POSITIVE = Draw.uniform(0.25, 3);

  private final List<OpCase> cases = new ArrayList<>();

  private OpCases() {}

  /** All cases. */
  public static List<OpCase> all() {
    OpCases c = new OpCases();
    c.elementwise();
    c.broadcasting();
    c.casts();
    c.constants();
    c.reductions();
    c.layouts();
    c.products();
    c.tables();
    c.patches();
    c.activations();
    c.norms();
    c.layers();
    c.calls();
    return List.copyOf(c.cases);
  }

  private static Bound sum(int terms) {
    return new Bound(terms + 4, 2);
  }

  private static Operand f32(Draw draw, int... dims) {
    return new Operand(Spec.f32(dims), draw);
  }

  private static Operand of(DType dtype, Draw draw, int... dims) {
    return new Operand(new Spec(Shape.of(dims), dtype), draw);
  }

  private void add(Op op, Bound bound, Operand... operands) {
    cases.add(new OpCase(op, List.of(operands), bound));
  }

  /** One operand at sizes around those of vectors. */
  private void sizes(Op op, Bound bound, Draw draw) {
    for (Shape s :
        List.of(
            Shape.SCALAR,
            Shape.of(1),
            Shape.of(13),
            Shape.of(207),
            Shape.of(2, 3, 5),
            Shape.of(0, 3))) {
      add(op, bound, new Operand(new Spec(s, DType.F32), draw));
    }
  }

  private void elementwise() {
    for (Unary.Fn fn : Unary.Fn.values()) {
      Op op = new Unary(fn);
      switch (fn) {
        case NEG, ABS -> sizes(op, EXACT, Draw.distinct(0));
        case EXP -> sizes(op, new Bound(0, 4), Draw.uniform(-8, 8));
        case LOG -> sizes(op, new Bound(1, 4), POSITIVE);
        case SQRT, RECIPROCAL -> sizes(op, ROUNDED, POSITIVE);
        case SIN, COS -> sizes(op, new Bound(2, 4), Draw.uniform(-12, 12));
        case TANH, ERF -> sizes(op, new Bound(0, 4), Draw.uniform(-4, 4));
      }
    }
    sizes(new Scale(1.7), new Bound(0, 3), UNIT);
    // The constant and the sum are rounded; the sum may cancel.
    sizes(new Shift(0.3), new Bound(1, 2), UNIT);
    sizes(new Clamp(-0.51, 0.73), ROUNDED, Draw.distinct(0));
  }

  private void broadcasting() {
    int[][][] shapes = {
      {{207}, {207}},
      {{2, 3, 4}, {4}},
      {{4}, {2, 3, 4}},
      {{2, 3, 4}, {2, 1, 4}},
      {{2, 3, 4}, {2, 3, 1}},
      {{1, 3, 4}, {2, 3, 4}},
      {{3, 1}, {1, 5}},
      {{2, 3}, {}},
      {{}, {2, 3}},
      {{}, {}},
      {{13}, {1}},
      {{1, 4, 1, 3}, {2, 1, 5, 3}},
      {{0, 3}, {1, 3}},
    };
    for (int[][] s : shapes) {
      for (Binary.Fn fn : Binary.Fn.values()) {
        Op op = new Binary(fn);
        switch (fn) {
          case ADD, SUB, MUL -> add(op, ROUNDED, f32(UNIT, s[0]), f32(UNIT, s[1]));
          case DIV -> add(op, ROUNDED, f32(UNIT, s[0]), f32(POSITIVE, s[1]));
          case MAX, MIN ->
              add(op, EXACT, f32(Draw.distinct(0), s[0]), f32(Draw.distinct(0.02), s[1]));
        }
      }
      // Few different numbers, so that equal ones meet.
      for (Compare.Fn fn : Compare.Fn.values()) {
        Draw few = Draw.integers(-2, 2);
        add(new Compare(fn), EXACT, f32(few, s[0]), f32(few, s[1]));
      }
      Draw bits = Draw.integers(0, 1);
      add(new Where(), EXACT, of(DType.BOOL, bits, s[0]), f32(UNIT, s[1]), f32(UNIT, s[0]));
      add(new Where(), EXACT, of(DType.BOOL, bits, s[1]), f32(UNIT, s[0]), f32(UNIT, s[1]));
    }
  }

  private void casts() {
    for (DType type : DType.values()) {
      // Fractions and halves to truncate and to round; none negative, which U8 cannot hold.
      // To float32 the oracle does not round.
      Bound bound = type == DType.F32 ? ROUNDED : EXACT;
      add(new Cast(type), bound, f32(Draw.uniform(0, 100), 37));
      if (type != DType.F32) {
        add(new Cast(DType.F32), ROUNDED, of(type, Draw.integers(0, 100), 5, 13));
      }
    }
    add(new Cast(DType.I32), EXACT, f32(Draw.uniform(-100, 100), 37));
    add(new Cast(DType.I64), EXACT, f32(Draw.uniform(-100, 100), 37));
    add(new Cast(DType.BOOL), EXACT, f32(Draw.integers(-1, 1), 37));
    add(new Cast(DType.I32), EXACT, of(DType.I64, Draw.integers(-1000, 1000), 13));
    add(new Cast(DType.F64), EXACT, of(DType.F64, UNIT, 13));
  }

  private void constants() {
    for (DType type : DType.values()) {
      add(new Fill(new Spec(Shape.of(3, 7), type), 1), EXACT);
      add(new Iota(new Spec(Shape.of(5, 13), type), 1), EXACT);
    }
    add(new Fill(Spec.f32(), 0.1), ROUNDED);
    add(new Fill(Spec.f32(0, 2), 0.1), ROUNDED);
    add(new Iota(Spec.f32(3, 1, 5), 0), EXACT);
    add(new Iota(Spec.i64(3, 4, 5), 1), EXACT);
  }

  private void reductions() {
    for (List<Integer> axes :
        List.of(
            List.<Integer>of(),
            List.of(0),
            List.of(1),
            List.of(2),
            List.of(0, 2),
            List.of(0, 1, 2))) {
      add(new Reduce(Reduce.Fn.SUM, axes), sum(60), f32(UNIT, 3, 4, 5));
      add(new Reduce(Reduce.Fn.MAX, axes), EXACT, f32(Draw.distinct(0), 3, 4, 5));
    }
    for (Reduce.Fn fn : Reduce.Fn.values()) {
      Bound bound = fn == Reduce.Fn.SUM ? sum(207) : EXACT;
      Draw draw = fn == Reduce.Fn.SUM ? UNIT : Draw.distinct(0);
      add(new Reduce(fn, List.of()), bound, f32(draw));
      add(new Reduce(fn, List.of(0)), bound, f32(draw, 207));
      add(new Reduce(fn, List.of(1)), bound, f32(draw, 13, 207));
      add(new Reduce(fn, List.of(0)), bound, f32(draw, 207, 13));
      add(new Reduce(fn, List.of(1)), bound, f32(draw, 13, 1));
    }
    add(new Reduce(Reduce.Fn.SUM, List.of(0)), EXACT, f32(UNIT, 0, 3));
    add(new Reduce(Reduce.Fn.SUM, List.of(1)), EXACT, f32(UNIT, 0, 3));
  }

  private void layouts() {
    for (int[] to : new int[][] {{6, 4}, {24}, {4, 3, 2}, {2, 1, 3, 4}, {2, 3, 2, 2}}) {
      add(new Reshape(Shape.of(to)), EXACT, f32(UNIT, 2, 3, 4));
    }
    add(new Reshape(Shape.of(1, 1)), EXACT, f32(UNIT));
    add(new Reshape(Shape.of(3, 0)), EXACT, f32(UNIT, 0, 3));
    for (List<Integer> axes : List.of(List.of(0, 2, 1), List.of(2, 0, 1), List.of(2, 1, 0))) {
      add(new Permute(axes), EXACT, f32(UNIT, 2, 3, 5));
    }
    add(new Permute(List.of(0, 2, 1, 3)), EXACT, f32(UNIT, 2, 13, 3, 7));
    add(new Permute(List.of(1, 0)), EXACT, f32(UNIT, 207, 13));
    add(new Permute(List.of()), EXACT, f32(UNIT));
    add(new Slice(0, 1, 1), EXACT, f32(UNIT, 3, 5));
    add(new Slice(1, 2, 3), EXACT, f32(UNIT, 3, 5));
    add(new Slice(1, 0, 5), EXACT, f32(UNIT, 3, 5));
    add(new Slice(1, 5, 0), EXACT, f32(UNIT, 3, 5));
    add(new Expand(Shape.of(2, 3, 4)), EXACT, f32(UNIT, 3, 1));
    add(new Expand(Shape.of(3)), EXACT, f32(UNIT));
    add(new Expand(Shape.of(4)), EXACT, f32(UNIT, 4));
    add(new Expand(Shape.of(5, 0)), EXACT, f32(UNIT, 1, 0));
    add(new Detach(), EXACT, f32(UNIT, 13, 7));
    add(new Concat(0), EXACT, f32(UNIT, 2, 3));
    add(new Concat(0), EXACT, f32(UNIT, 2, 3), f32(UNIT, 1, 3), f32(UNIT, 0, 3), f32(UNIT, 5, 3));
    add(new Concat(1), EXACT, f32(UNIT, 2, 3, 5), f32(UNIT, 2, 1, 5));
    add(new Concat(2), EXACT, f32(UNIT, 2, 3, 5), f32(UNIT, 2, 3, 13));
    add(new Pad(0, 1, 2), EXACT, f32(UNIT, 3, 5));
    add(new Pad(1, 0, 3), EXACT, f32(UNIT, 3, 5, 2));
    add(new Pad(2, 2, 0), EXACT, f32(UNIT, 3, 5, 2));
    add(new Pad(0, 2, 1), EXACT, f32(UNIT, 0, 2));
  }

  private void products() {
    int[][][] shapes = {
      {{1, 1}, {1, 1}},
      {{13, 7}, {7, 5}},
      {{65, 33}, {33, 17}},
      {{31, 47}, {47, 53}},
      {{207, 13}, {13, 1}},
      {{1, 207}, {207, 13}},
      {{2, 3, 5, 7}, {2, 3, 7, 4}},
      {{1, 2, 3, 4}, {5, 1, 4, 2}},
      {{3, 4}, {2, 4, 5}},
      {{2, 3, 4}, {4, 5}},
      {{3, 0}, {0, 2}},
      {{0, 3}, {3, 2}},
      {{2, 0, 3}, {2, 3, 4}},
    };
    for (int[][] s : shapes) {
      int depth = s[1][s[1].length - 2];
      add(new MatMul(), sum(depth), f32(UNIT, s[0]), f32(UNIT, s[1]));
    }
    for (Linear.Activation activation : Linear.Activation.values()) {
      // Activations are steeper than 1 by at most 13 % and add errors of their own.
      Linear op = new Linear(activation);
      linear(op, 7, 3, 5);
      linear(op, 16, 33, 2, 3);
      linear(op, 1, 1, 1, 1);
      linear(op, 13, 207, 1);
      linear(op, 5, 4);
      linear(op, 7, 3, 0);
    }
  }

  private void linear(Linear op, int in, int out, int... rows) {
    int[] x = Arrays.copyOf(rows, rows.length + 1);
    x[rows.length] = in;
    add(op, new Bound(2 * in + 24, 8), f32(UNIT, x), f32(UNIT, out, in), f32(UNIT, out));
  }

  private void tables() {
    for (DType type : List.of(DType.I64, DType.I32)) {
      Draw ids = Draw.integers(0, 6);
      add(new Gather(), EXACT, f32(UNIT, 7, 5), of(type, ids, 4));
      add(new Gather(), EXACT, f32(UNIT, 7, 207), of(type, ids, 2, 3));
      add(new Gather(), EXACT, f32(UNIT, 7, 1), of(type, ids));
      add(new Gather(), EXACT, f32(UNIT, 7, 3), of(type, ids, 0));
      // 13 values on 7 rows: some row gets several.
      add(new ScatterAdd(7), sum(13), f32(UNIT, 13, 5), of(type, ids, 13));
      add(new ScatterAdd(7), sum(6), f32(UNIT, 2, 3, 13), of(type, ids, 2, 3));
      add(new ScatterAdd(7), EXACT, f32(UNIT, 0, 3), of(type, ids, 0));
      add(new ScatterAdd(7), EXACT, f32(UNIT, 3), of(type, ids));
    }
  }

  private void patches() {
    for (Unfold u :
        List.of(new Unfold(3, 3, 1, 1), new Unfold(2, 2, 2, 0), new Unfold(3, 2, 2, 1))) {
      add(u, EXACT, f32(UNIT, 2, 3, 7, 6));
      Spec patches = u.infer(List.of(Spec.f32(2, 3, 7, 6))).getFirst();
      add(new Fold(7, 6, u), sum(9), new Operand(patches, UNIT));
    }
    add(new Unfold(1, 1, 1, 0), EXACT, f32(UNIT, 1, 5, 4, 4));
    conv(new Conv2d(1, 1), 2, 3, 7, 9, 4, 3, 3);
    conv(new Conv2d(2, 0), 1, 4, 8, 8, 6, 2, 2);
    conv(new Conv2d(2, 1), 2, 2, 6, 5, 3, 3, 3);
    conv(new Conv2d(1, 0), 1, 5, 4, 4, 2, 1, 1);
    conv(new Conv2d(2, 0), 1, 3, 9, 9, 2, 3, 2);
    conv(new Conv2d(1, 1), 1, 13, 13, 17, 19, 3, 3);
    conv(new Conv2d(4, 0), 1, 3, 12, 8, 31, 4, 4);
  }

  private void conv(Conv2d op, int n, int c, int h, int w, int out, int kh, int kw) {
    add(op, sum(c * kh * kw), f32(UNIT, n, c, h, w), f32(UNIT, out, c, kh, kw), f32(UNIT, out));
  }

  private void activations() {
    // Both are x times a factor within 0..1 that is known to about 2 units.
    sizes(new Gelu(), new Bound(24, 8), Draw.uniform(-6, 6));
    sizes(new Silu(), new Bound(16, 8), Draw.uniform(-8, 8));
    // Arguments of exp reach 12, known to as many units; the row's sum and quotient add a few.
    Bound softmax = new Bound(0, 32);
    for (int[] s : new int[][] {{1}, {13}, {3, 5}, {2, 3, 17}, {2, 207}, {5, 1}, {0, 5}}) {
      add(new Softmax(), softmax, f32(Draw.uniform(-6, 6), s));
    }
  }

  private void norms() {
    // Elements of order 1 after a mean, a variance and three products.
    Bound norm = new Bound(16, 16);
    for (int[] s : new int[][] {{13}, {3, 7}, {2, 5, 48}, {1, 1, 207}, {3, 1}, {0, 5}}) {
      add(new LayerNorm(1e-6), norm, f32(UNIT, s));
    }
    // A mean of 10 deviations costs as many units in the difference.
    add(new LayerNorm(1e-5), new Bound(128, 16), f32(Draw.uniform(9, 12), 3, 37));
    for (int[] s : new int[][] {{2, 3, 6}, {1, 13, 207}, {3, 1, 16}, {2, 0, 5}}) {
      Operand row = f32(UNIT, s[0], s[2]);
      add(new LayerNormModulate(1e-6), new Bound(48, 16), f32(UNIT, s), row, row);
    }
    for (int[] s : new int[][] {{13}, {3, 7}, {2, 5, 48}, {1, 1, 207}, {3, 1}, {0, 5}}) {
      add(new RmsNorm(1e-6), norm, f32(UNIT, s), f32(UNIT, s[s.length - 1]));
    }
    for (boolean silu : new boolean[] {false, true}) {
      group(new GroupNorm(4, 1e-6, silu), 2, 8, 3, 5);
      group(new GroupNorm(1, 1e-6, silu), 1, 6, 4, 4);
      group(new GroupNorm(32, 1e-6, silu), 2, 32, 2, 3);
    }
  }

  private void group(GroupNorm op, int n, int c, int h, int w) {
    add(op, new Bound(48, 16), f32(UNIT, n, c, h, w), f32(UNIT, c), f32(UNIT, c));
  }

  private void layers() {
    for (int[] s : new int[][] {{2, 3, 6}, {1, 13, 207}, {3, 1, 16}, {2, 0, 5}}) {
      Operand x = f32(UNIT, s);
      // A sum of two that may cancel.
      add(new GateResidual(), new Bound(2, 2), x, f32(UNIT, s[0], s[2]), x);
    }
    int[][] shapes = {
      {2, 3, 16, 16, 16}, {1, 2, 5, 5, 7}, {1, 1, 1, 1, 4}, {2, 1, 13, 37, 5}, {1, 3, 67, 67, 8}
    };
    for (int[] s : shapes) {
      Operand q = f32(UNIT, s[0], s[1], s[2], s[4]);
      Operand k = f32(UNIT, s[0], s[1], s[3], s[4]);
      // Scores are sums over D, results averages over S, the log-sum-exp reaches 5.
      add(new Attention(1 / Math.sqrt(s[4])), new Bound(s[4] + 48, 8), q, k, k);
      // Probabilities of 1 at most for such sums, so that all terms are of the order of 1.
      Operand lse = f32(Draw.uniform(2, 5), s[0], s[1], s[2]);
      Operand rows = f32(UNIT, s[0], s[1], s[2]);
      Bound bound = new Bound(4 * (s[4] + s[3] + s[2]) + 48, 8);
      add(new AttentionGradient(1 / Math.sqrt(s[4])), bound, q, k, k, lse, q, rows);
    }
  }

  private void calls() {
    Program block =
        Program.trace(
            t -> {
              Tensor x = t.input("x", Spec.f32(5, 7));
              Tensor w = t.param("w", Spec.f32(7, 7));
              Tensor y = x.matmul(w.t());
              t.output("y", y.gelu().add(x));
              t.output("row", y.sum(1));
            });
    add(new Call(block), new Bound(64, 8), f32(UNIT, 5, 7), f32(UNIT, 7, 7));
    Program nested =
        Program.trace(
            t -> {
              Tensor x = t.input("x", Spec.f32(5, 7));
              List<Tensor> w =
                  Stream.of("w0", "w1", "w2").map(n -> t.param(n, Spec.f32(7, 7))).toList();
              for (Tensor each : w) {
                x = Tensor.applyAll(new Call(block), x, each).getFirst();
              }
              t.output("y", x);
            });
    add(
        new Call(nested),
        new Bound(512, 16),
        f32(UNIT, 5, 7),
        f32(UNIT, 7, 7),
        f32(UNIT, 7, 7),
        f32(UNIT, 7, 7));
  }
}
