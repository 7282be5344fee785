package org.jdit.tensor.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.autodiff.Autodiff;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.op.Attention;
import org.jdit.tensor.op.AttentionGradient;
import org.jdit.tensor.op.Binary;
import org.jdit.tensor.op.Clamp;
import org.jdit.tensor.op.Compare;
import org.jdit.tensor.op.Gelu;
import org.jdit.tensor.op.LayerNorm;
import org.jdit.tensor.op.MatMul;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.op.Reduce;
import org.jdit.tensor.op.Silu;
import org.jdit.tensor.op.Softmax;
import org.jdit.tensor.op.Unary;
import org.jdit.tensor.program.Passes;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Precision;
import org.jdit.tensor.spi.Resident;
import org.jdit.tensor.testkit.OpCase.Bound;
import org.jdit.tensor.testkit.OpCase.Layout;
import org.jdit.tensor.testkit.OpCase.Operand;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** A backend computes what the oracle computes: every operation of {@link OpCases}. */
public abstract class OpContract extends RecordedOpsContract {
  private static final List<OpCase> CASES = OpCases.all();

  /**
   * A factor that is itself a result may lie between two bfloat16 numbers, and the last bit of its
   * float32 decides which it becomes.
   */
  private static final Tolerance ROUNDED_GRADIENT = Tolerance.relToMax(0x1p-8);

  /** As {@link #ROUNDED_GRADIENT}, with two bfloat16. */
  private static final Tolerance TWICE_ROUNDED_GRADIENT = Tolerance.relToMax(0x1p-16);

  /** What a backend must compute in; operations on other types may be refused, by name. */
  private static final Set<DType> REQUIRED = EnumSet.of(DType.F32, DType.I64, DType.BOOL);

  @TestFactory
  final Stream<DynamicTest> everyOperationInEveryLayout() {
    return CASES.stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> forward(c)));
  }

  @TestFactory
  final Stream<DynamicTest> everyGradient() {
    return CASES.stream()
        .filter(OpCase::differentiable)
        .map(c -> DynamicTest.dynamicTest(c.name(), () -> gradient(c)));
  }

  @TestFactory
  final Stream<DynamicTest> everyElementTypeIsComputedOrRefusedByName() {
    return CASES.stream()
        .filter(c -> c.specs().stream().anyMatch(s -> s.dtype() == DType.F32))
        .flatMap(
            c ->
                Stream.of(DType.values())
                    .filter(d -> d != DType.F32)
                    .map(c::with)
                    .filter(OpContract::legal)
                    .map(d -> DynamicTest.dynamicTest(d.name(), () -> forward(d))));
  }

  @TestFactory
  final Stream<DynamicTest> extremeElements() {
    double[] x = {
      Double.NEGATIVE_INFINITY,
      -1e30,
      -1e4,
      -104,
      -89,
      -20,
      -1,
      -1e-30,
      -0.0,
      0,
      1e-30,
      0.5,
      20,
      88,
      89,
      104,
      1e4,
      1e30,
      Double.POSITIVE_INFINITY,
      Double.NaN
    };
    Draw any = Draw.cycle(x);
    // Sine and cosine lose their meaning where neighbouring floats are periods apart.
    double[] angles = Arrays.stream(x).map(v -> Math.abs(v) == 1e30 ? 1000 : v).toArray();
    Draw other = Draw.cycle(1, Double.NaN, -1e30, Double.POSITIVE_INFINITY, -0.0, 3, 1e30);
    Bound rounded = new Bound(0, 4);
    List<OpCase> cases =
        Stream.concat(
                Stream.of(Unary.Fn.values())
                    .map(
                        fn ->
                            fn == Unary.Fn.SIN || fn == Unary.Fn.COS
                                ? one(new Unary(fn), new Bound(4, 4), Draw.cycle(angles), 3, 20)
                                : one(new Unary(fn), rounded, any, 3, 20)),
                Stream.of(
                    one(new Silu(), new Bound(64, 8), any, 61),
                    one(new Gelu(), new Bound(64, 8), any, 61),
                    one(new Clamp(-1, 1), rounded, any, 61),
                    one(new Reduce(Reduce.Fn.MAX, List.of(1)), rounded, any, 20, 3),
                    one(new Reduce(Reduce.Fn.MAX, List.of(0)), rounded, any, 3, 20),
                    one(new Softmax(), new Bound(0, 64), Draw.cycle(1e4, -1e4, 1, 9999), 3, 4),
                    one(new Softmax(), new Bound(0, 64), Draw.cycle(x[0], 0, 1, x[0]), 3, 4),
                    one(new Softmax(), new Bound(0, 64), Draw.cycle(Double.NaN, 0, 1), 2, 3),
                    one(new Softmax(), new Bound(0, 64), Draw.cycle(1 / 0.0, 0, 1), 2, 3),
                    one(new Softmax(), new Bound(0, 64), Draw.cycle(x[0]), 2, 3),
                    one(new Softmax(), new Bound(0, 64), any, 20, 20),
                    // Equal elements have variance 0; sixteen of them have an exact mean.
                    one(new LayerNorm(1e-6), rounded, Draw.cycle(3), 2, 16),
                    one(new LayerNorm(1e-6), rounded, Draw.cycle(1, Double.NaN), 1, 16)))
            .toList();
    Stream<OpCase> pairs =
        Stream.concat(
            Stream.of(Binary.Fn.values()).map(fn -> two(new Binary(fn), any, other)),
            Stream.of(Compare.Fn.values()).map(fn -> two(new Compare(fn), any, other)));
    return Stream.concat(
            Stream.concat(cases.stream(), pairs), Stream.of(largeScores(), manyEqualScores()))
        .map(c -> DynamicTest.dynamicTest(c.name(), () -> extreme(c)));
  }

  private static OpCase one(Op op, Bound bound, Draw draw, int... dims) {
    return new OpCase(op, List.of(new Operand(Spec.f32(dims), draw)), bound);
  }

  private static OpCase two(Op op, Draw a, Draw b) {
    Spec spec = Spec.f32(140);
    return new OpCase(op, List.of(new Operand(spec, a), new Operand(spec, b)), new Bound(0, 2));
  }

  /** Scores up to 3600, exact because queries and keys are integers: nearly one-hot rows. */
  private static OpCase largeScores() {
    Operand whole = new Operand(Spec.f32(1, 2, 13, 4), Draw.integers(-30, 30));
    Operand v = new Operand(Spec.f32(1, 2, 13, 4), Draw.uniform(-1, 1));
    return new OpCase(new Attention(1), List.of(whole, whole, v), new Bound(64, 8));
  }

  /** Rows of equal scores far from 0. */
  private static OpCase manyEqualScores() {
    Operand same = new Operand(Spec.f32(1, 1, 37, 4), Draw.cycle(-8));
    Operand v = new Operand(Spec.f32(1, 1, 37, 4), Draw.uniform(-1, 1));
    return new OpCase(new Attention(1), List.of(same, same, v), new Bound(64, 8));
  }

  private static boolean legal(OpCase c) {
    try {
      c.op().infer(c.specs());
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /**
   * The oracle rounds the operands of products too, so the bound is the same in every precision,
   * but for attention: a backend may weigh values before it divides by the sum of the weights,
   * where the oracle does so after it. Either rounds a weight by up to 2^-9 of itself, or 2^-17
   * with two bfloat16, and values are drawn from [-1, 1]. The gradient of attention is bounded as
   * gradients are.
   */
  private Tolerance bound(OpCase c, Program p, DType dtype) {
    boolean rounded = precision() != Precision.FP32 && dtype == DType.F32;
    Tolerance exact =
        rounded && products(p)
            ? c.bound().of(dtype).plus(Tolerance.relToMax(leftOut()))
            : c.bound().of(dtype);
    return switch (c.op()) {
      case Attention _ when rounded ->
          precision() == Precision.BF16
              ? new Tolerance(0x1p-8, 0)
              : exact.plus(new Tolerance(0x1p-16, 0));
      case AttentionGradient _ when rounded -> roundedGradient(exact);
      default -> exact;
    };
  }

  private Tolerance roundedGradient(Tolerance exact) {
    return precision() == Precision.BF16 ? ROUNDED_GRADIENT : exact.plus(TWICE_ROUNDED_GRADIENT);
  }

  /** The bound on a gradient. */
  private Tolerance gradientBound(OpCase c, Program gradient, DType dtype) {
    Tolerance exact = c.bound().ofGradient(dtype);
    return precision() != Precision.FP32 && products(gradient) && dtype == DType.F32
        ? roundedGradient(exact)
        : exact;
  }

  private static boolean products(Program p) {
    return ReferenceBackend.plain(p).nodes().stream().anyMatch(n -> n.op() instanceof MatMul);
  }

  /** Compiled in every layout against the oracle, and eagerly with the same bits. */
  private void forward(OpCase c) {
    try (TensorScope eager = backend().openScope()) {
      for (Layout layout : Layout.values()) {
        Program p = c.program(layout);
        if (refused(p)) {
          return;
        }
        Map<String, double[]> at = c.values(p, 1);
        Map<String, double[]> expected = ReferenceBackend.evaluate(p, at, precision());
        Map<String, Tensor> inputs = tensors(p, at, eager);
        Map<String, Tensor> results = run(p, inputs, eager);
        assertThat(results.keySet()).containsExactlyElementsOf(expected.keySet());
        results.forEach(
            (name, y) ->
                bound(c, p, y.dtype())
                    .assertClose(layout + " " + name, y.toDoubles(), expected.get(name)));
        List<Tensor> stored =
            IntStream.range(0, c.operands().size()).mapToObj(i -> inputs.get("x" + i)).toList();
        if (!stored.isEmpty()) {
          List<Tensor> now = c.eager(stored, layout);
          for (int i = 0; i < now.size(); i++) {
            Tolerance.EXACT.assertClose("eager " + layout, now.get(i), results.get("y" + i));
          }
        }
      }
    }
  }

  /**
   * Whether the backend refuses a Program. It may only for element types beyond the required ones,
   * and must with a message that names an operation which it does not support.
   */
  private boolean refused(Program p) {
    Program q = Passes.decompose(Passes.inline(p), backend()::supports);
    List<String> missing =
        q.nodes().stream()
            .filter(n -> !backend().supports(n.op(), n.in().stream().map(q::spec).toList()))
            .map(n -> n.op().name())
            .toList();
    if (missing.isEmpty()) {
      return false;
    }
    assertThat(p.values()).as("%s are not supported", missing).anyMatch(s -> !required(s));
    try (Resident none = backend().newResident()) {
      assertThatThrownBy(() -> backend().compile(p, none).close())
          .isInstanceOf(JditException.class)
          .satisfies(e -> assertThat(missing).anyMatch(e.getMessage()::contains));
    }
    return true;
  }

  private static boolean required(Spec spec) {
    return REQUIRED.contains(spec.dtype());
  }

  private void gradient(OpCase c) {
    Program g = Autodiff.valueAndGrad(c.loss(), c.parameters());
    if (refused(g)) {
      return;
    }
    Map<String, double[]> at = c.values(g, 2);
    Map<String, double[]> expected = ReferenceBackend.evaluate(g, at, precision());
    try (TensorScope scope = TensorScope.open(backend().memory())) {
      Map<String, Tensor> results = run(g, tensors(g, at, scope), scope);
      for (String x : c.parameters()) {
        String name = "grad." + x;
        gradientBound(c, g, results.get(name).dtype())
            .assertClose(name, results.get(name), expected.get(name));
      }
    }
  }

  private void extreme(OpCase c) {
    Program p = c.program(Layout.PLAIN);
    Map<String, double[]> at = c.values(p, 3);
    try (TensorScope scope = TensorScope.open(backend().memory())) {
      Map<String, Tensor> results = run(p, tensors(p, at, scope), scope);
      ReferenceBackend.evaluate(p, at, precision())
          .forEach(
              (name, y) ->
                  bound(c, p, DType.F32)
                      .assertCloseWithNaN(
                          name,
                          results.get(name).toDoubles(),
                          // Doubles beyond the largest float are infinite floats.
                          Arrays.stream(y).map(v -> (float) v).toArray()));
    }
  }

  /** Tensors of the inputs of a Program. */
  protected static Map<String, Tensor> tensors(
      Program p, Map<String, double[]> at, TensorScope scope) {
    Map<String, Tensor> inputs = new HashMap<>();
    p.inputs().forEach(i -> inputs.put(i.name(), scope.of(p.spec(i.id()), at.get(i.name()))));
    return inputs;
  }
}
