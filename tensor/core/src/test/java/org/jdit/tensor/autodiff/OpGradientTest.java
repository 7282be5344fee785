package org.jdit.tensor.autodiff;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jdit.tensor.DType;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Compare;
import org.jdit.tensor.op.Detach;
import org.jdit.tensor.op.Fill;
import org.jdit.tensor.op.Fused;
import org.jdit.tensor.op.FusedWithGradient;
import org.jdit.tensor.op.Iota;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.program.Passes;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.testkit.GradCheck;
import org.jdit.tensor.testkit.OpCase;
import org.jdit.tensor.testkit.OpCases;
import org.jdit.tensor.testkit.ReferenceBackend;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every gradient rule against difference quotients, and against the recipe where there is one. */
class OpGradientTest {
  /** Larger cases show nothing more and take a run of the operation for each element. */
  private static final int LARGEST = 300;

  private static List<OpCase> checked() {
    return OpCases.all().stream()
        .filter(OpCase::differentiable)
        .filter(c -> !(c.op() instanceof Detach))
        // What is rounded to half precision has no derivative.
        .filter(c -> c.loss().values().stream().noneMatch(s -> half(s.dtype())))
        .filter(c -> c.specs().stream().mapToLong(s -> s.shape().numel()).sum() <= LARGEST)
        .toList();
  }

  private static boolean half(DType dtype) {
    return dtype == DType.F16 || dtype == DType.BF16;
  }

  @TestFactory
  Stream<DynamicTest> agreesWithDifferenceQuotients() {
    return checked().stream()
        .map(
            c ->
                DynamicTest.dynamicTest(
                    c.name(),
                    () -> {
                      Program loss = c.loss();
                      GradCheck.check(loss, c.values(loss, 11), c.parameters());
                    }));
  }

  @Test
  void noGradientFlowsThroughADetachedValue() {
    Program p =
        Program.trace(
            t -> {
              Tensor x = t.input("x", Spec.f32(3));
              t.output("loss", x.detach().mul(x).sum());
            });
    double[] d =
        ReferenceBackend.evaluate(
                Autodiff.valueAndGrad(p, List.of("x")), Map.of("x", new double[] {1, -2, 3}))
            .get("grad.x");
    assertThat(d).containsExactly(1, -2, 3);
  }

  @Test
  void everyOperationIsChecked() {
    Set<Class<?>> have = new HashSet<>();
    checked().forEach(c -> have.add(c.op().getClass()));
    // Their results do not vary with any operand, or are meant not to.
    have.addAll(List.of(Compare.class, Fill.class, Iota.class, Detach.class));
    assertThat(have).containsAll(records(Op.class).toList());
  }

  private static Stream<Class<?>> records(Class<?> type) {
    return type.isRecord()
        ? Stream.of(type)
        : Stream.of(type.getPermittedSubclasses()).flatMap(OpGradientTest::records).distinct();
  }

  @TestFactory
  Stream<DynamicTest> ownGradientsAreThoseOfTheRecipes() {
    return OpCases.all().stream()
        .filter(c -> c.op() instanceof FusedWithGradient)
        .map(c -> DynamicTest.dynamicTest(c.name(), () -> recipe(c)));
  }

  private static void recipe(OpCase c) {
    Program fused = c.loss();
    Program plain = Passes.decompose(fused, (op, _) -> !(op instanceof Fused));
    Map<String, double[]> at = c.values(fused, 12);
    Map<String, double[]> own =
        ReferenceBackend.evaluate(Autodiff.valueAndGrad(fused, c.parameters()), at);
    Map<String, double[]> recipe =
        ReferenceBackend.evaluate(Autodiff.valueAndGrad(plain, c.parameters()), at);
    // Two ways to the same number in double precision; eps = 1e-6 makes rows of one element steep.
    recipe.forEach((name, x) -> new Tolerance(1e-10, 0, 1e-10).assertClose(name, own.get(name), x));
  }

  @TestFactory
  Stream<DynamicTest> someResultsMayBeUnused() {
    return checked().stream()
        .filter(c -> c.op().infer(c.specs()).size() > 1)
        .flatMap(
            c ->
                Stream.iterate(0, i -> i + 1)
                    .limit(c.op().infer(c.specs()).size())
                    .map(
                        i ->
                            DynamicTest.dynamicTest(
                                c.name() + " result " + i,
                                () -> GradCheck.check(only(c, i), c.values(only(c, i), 13)))));
  }

  private static Program only(OpCase c, int result) {
    return Program.trace(
        t -> {
          List<Tensor> in = new ArrayList<>();
          for (int i = 0; i < c.operands().size(); i++) {
            in.add(t.input("x" + i, c.specs().get(i)));
          }
          Tensor y = t.apply(c.op(), in).get(result);
          t.output("loss", y.sin().sum());
        });
  }
}
