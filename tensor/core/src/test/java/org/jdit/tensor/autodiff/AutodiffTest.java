package org.jdit.tensor.autodiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Output;
import org.jdit.tensor.program.Passes;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;
import org.jdit.tensor.testkit.GradCheck;
import org.jdit.tensor.testkit.RandomPrograms;
import org.jdit.tensor.testkit.ReferenceBackend;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Differentiation of whole Programs. */
class AutodiffTest {
  private static final Spec VECTOR = Spec.f32(3);
  private static final double[] AT = {0.5, -1, 2};

  private static Map<String, double[]> gradient(Program p, Map<String, double[]> at) {
    return ReferenceBackend.evaluate(Autodiff.valueAndGrad(p, at.keySet()), at);
  }

  @Test
  void valuesUsedTwiceAddUp() {
    Program p =
        Program.trace(
            t -> {
              Tensor x = t.input("x", VECTOR);
              t.output("loss", x.mul(x).add(x).add(x.exp()).sum());
            });
    Map<String, double[]> g = gradient(p, Map.of("x", AT));
    double[] expected = {1 + 1 + Math.exp(0.5), -2 + 1 + Math.exp(-1), 4 + 1 + Math.exp(2)};
    new Tolerance(1e-14, 1e-14).assertClose("grad", g.get("grad.x"), expected);
  }

  @Test
  void unusedInputsHaveAZeroGradient() {
    Program p =
        Program.trace(
            t -> {
              Tensor x = t.input("x", VECTOR);
              t.input("y", Spec.f32(2, 2));
              t.output("loss", x.sum());
              // Seen by an output, but not by the loss.
              t.output("z", t.input("z", VECTOR).exp());
            });
    Map<String, double[]> g = gradient(p, Map.of("x", AT, "y", new double[4], "z", AT));
    assertThat(g.get("grad.x")).containsExactly(1, 1, 1);
    assertThat(g.get("grad.y")).containsExactly(0, 0, 0, 0);
    assertThat(g.get("grad.z")).containsExactly(0, 0, 0);
    assertThat(g.get("z")).hasSize(3);
  }

  @Test
  void theLossMayBeAnInputItself() {
    Program p = Program.trace(t -> t.output("loss", t.input("x", Spec.f32())));
    assertThat(gradient(p, Map.of("x", new double[] {7})).get("grad.x")).containsExactly(1);
  }

  @Test
  void integerAndBooleanPathsCarryNoGradient() {
    Program p =
        Program.trace(
            t -> {
              Tensor w = t.param("w", Spec.f32(4, 3));
              Tensor ids = t.input("ids", Spec.i64(5));
              Tensor rows = w.gather(ids);
              Tensor positive = rows.fill(rows.shape(), 0).lt(rows);
              Tensor counted = rows.cast(DType.I64).cast(DType.F32);
              t.output("loss", positive.where(rows.square(), rows).add(counted).sum());
            });
    Map<String, double[]> at =
        Map.of(
            "w",
            new double[] {0.5, -1.5, 2.5, 1.25, -0.25, 0.75, 3.5, 0.5, -0.5, 1, 1, 1},
            "ids",
            new double[] {0, 2, 2, 1, 0});
    Program g = Autodiff.valueAndGrad(p, List.of("w"));
    double[] dw = ReferenceBackend.evaluate(g, at).get("grad.w");
    // Twice the element where positive, 1 elsewhere, times how often the row is read.
    assertThat(dw).containsExactly(2, 2, 10, 2.5, 1, 1.5, 14, 2, 2, 0, 0, 0);
  }

  @Test
  void roleAndOrderOfInputsStay() {
    Program p = network(3);
    Program g = Autodiff.valueAndGrad(p, List.of("blocks.1.w", "x"));
    assertThat(g.inputs().stream().map(i -> i.name() + i.role()))
        .containsExactlyElementsOf(p.inputs().stream().map(i -> i.name() + i.role()).toList());
    assertThat(g.outputs().stream().map(Output::name))
        .containsExactly("loss", "y", "grad.blocks.1.w", "grad.x");
    assertThat(g.input("blocks.0.w").role()).isEqualTo(Role.PARAM);
  }

  @Test
  void whatIsNoScalarOrUnknownIsRefused() {
    Program vector = Program.trace(t -> t.output("y", t.input("x", VECTOR).exp()));
    assertThatThrownBy(() -> Autodiff.valueAndGrad(vector, List.of("x")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("f32[3]");
    Program integer = Program.trace(t -> t.output("y", t.input("x", Spec.i64())));
    assertThatThrownBy(() -> Autodiff.valueAndGrad(integer, List.of("x")))
        .isInstanceOf(IllegalArgumentException.class);
    Program scalar = Program.trace(t -> t.output("y", t.input("x", VECTOR).sum()));
    assertThatThrownBy(() -> Autodiff.valueAndGrad(scalar, List.of("w")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("w");
  }

  @TestFactory
  Stream<DynamicTest> randomProgramsAgreeWithDifferenceQuotients() {
    return IntStream.range(0, 20)
        .mapToObj(
            seed ->
                DynamicTest.dynamicTest(
                    "seed " + seed,
                    () -> {
                      Program p = RandomPrograms.program(seed);
                      GradCheck.check(p, RandomPrograms.values(p, seed));
                    }));
  }

  // ---- calls -------------------------------------------------------------------------------

  private static final Program BLOCK =
      Program.trace(
          t -> {
            Tensor x = t.input("x", Spec.f32(5, 4));
            Tensor h =
                x.layerNorm(1e-3).linear(t.param("w", Spec.f32(4, 4)), t.param("b", Spec.f32(4)));
            t.output("y", x.add(h.gelu()));
            t.output("norm", h.square().sum());
            t.output("ids", h.cast(DType.I64));
          });

  /** A block called {@code depth} times with different weights; both of its results are used. */
  private static Program network(int depth) {
    return Program.trace(
        t -> {
          Tensor x = t.input("x", Spec.f32(5, 4));
          Tensor norms = null;
          for (int i = 0; i < depth; i++) {
            Tensor w = t.param("blocks." + i + ".w", Spec.f32(4, 4));
            Tensor b = t.param("blocks." + i + ".b", Spec.f32(4));
            List<Tensor> out = Tensor.applyAll(new Call(BLOCK), x, w, b);
            x = out.getFirst();
            norms = norms == null ? out.get(1) : norms.add(out.get(1));
          }
          t.output("loss", x.square().mean().add(norms.mul(0.01)));
          t.output("y", x);
        });
  }

  private static List<String> names(Program p) {
    return p.inputs().stream().map(i -> i.name()).toList();
  }

  @Test
  void calledBlocksHaveTheGradientOfInlinedOnes() {
    Program p = network(3);
    Map<String, double[]> at = RandomPrograms.values(p, 3);
    Map<String, double[]> called =
        ReferenceBackend.evaluate(Autodiff.valueAndGrad(p, names(p)), at);
    Map<String, double[]> inlined =
        ReferenceBackend.evaluate(Autodiff.valueAndGrad(Passes.inline(p), names(p)), at);
    assertThat(called.keySet()).isEqualTo(inlined.keySet());
    // The same terms in another order.
    inlined.forEach((name, x) -> Tolerance.relToMax(1e-13).assertClose(name, called.get(name), x));
    GradCheck.check(p, at);
  }

  @Test
  void aCalledProgramIsDifferentiatedOnce() {
    Program g = Autodiff.valueAndGrad(network(5), List.of("blocks.0.w", "x"));
    Map<Program, Integer> calls = new HashMap<>();
    Set<Integer> identities = new HashSet<>();
    for (Node n : g.nodes()) {
      if (n.op() instanceof Call(Program callee)) {
        calls.merge(callee, 1, Integer::sum);
        identities.add(System.identityHashCode(callee));
      }
    }
    // One forward part and one backward part, the same instances every time.
    assertThat(calls.values()).containsExactlyInAnyOrder(5, 5);
    assertThat(identities).hasSize(2);
    assertThat(g.nodes().size())
        .as("a Program of calls stays small")
        .isLessThan(Passes.inline(g).nodes().size() / 2);
  }

  @Test
  void callsWithinCallsAreDifferentiated() {
    Program pair =
        Program.trace(
            t -> {
              Tensor x = t.input("x", Spec.f32(5, 4));
              Tensor w = t.input("w", Spec.f32(4, 4));
              Tensor b = t.input("b", Spec.f32(4));
              Tensor y = Tensor.applyAll(new Call(BLOCK), x, w, b).getFirst();
              t.output("y", Tensor.applyAll(new Call(BLOCK), y, w.t(), b).getFirst());
            });
    Program p =
        Program.trace(
            t -> {
              Tensor x = t.input("x", Spec.f32(5, 4));
              Tensor w = t.param("w", Spec.f32(4, 4));
              Tensor b = t.param("b", Spec.f32(4));
              Tensor y = Tensor.applyAll(new Call(pair), x, w, b).getFirst();
              t.output("loss", Tensor.applyAll(new Call(pair), y, w, b).getFirst().sin().sum());
            });
    GradCheck.check(p, RandomPrograms.values(p, 8));
  }

  @Test
  void calledProgramsMayReturnAnInputOrTheSameValueTwice() {
    Program odd =
        Program.trace(
            t -> {
              Tensor x = t.input("x", VECTOR);
              Tensor y = x.exp();
              t.output("x", x);
              t.output("y", y);
              t.output("again", y);
              t.input("unused", VECTOR);
            });
    Program p =
        Program.trace(
            t -> {
              Tensor x = t.input("x", VECTOR);
              List<Tensor> out = Tensor.applyAll(new Call(odd), x, t.input("u", VECTOR));
              t.output("loss", out.get(0).mul(out.get(1)).add(out.get(2).square()).sum());
            });
    GradCheck.check(p, RandomPrograms.values(p, 9));
  }

  @Test
  void gradientsAreProgramsThatCanBeDifferentiated() {
    Program p =
        Program.trace(
            t -> {
              Tensor x = t.input("x", VECTOR);
              t.output("loss", x.square().mul(x).add(x.sin()).sum());
            });
    Program g = Autodiff.valueAndGrad(p, List.of("x"));
    Program second =
        Program.trace(
            t -> {
              Tensor x = t.input("x", VECTOR);
              t.output("loss", Tensor.applyAll(new Call(g), x).get(1).sum());
            });
    double[] expected = new double[3];
    for (int i = 0; i < 3; i++) {
      expected[i] = 6 * AT[i] - Math.sin(AT[i]);
    }
    new Tolerance(1e-13, 1e-13)
        .assertClose("second", gradient(second, Map.of("x", AT)).get("grad.x"), expected);
    GradCheck.check(
        ofGradientNorm(Autodiff.valueAndGrad(second, List.of("x")), VECTOR), Map.of("x", AT));
    Program blocks = network(2);
    Program again = ofGradientNorm(Autodiff.valueAndGrad(blocks, names(blocks)), Spec.f32(5, 4));
    GradCheck.check(again, RandomPrograms.values(again, 10));
  }

  /** The squared norm of the first gradient that {@code g} returns, as a Program. */
  private static Program ofGradientNorm(Program g, Spec first) {
    return Program.trace(
        t -> {
          List<Tensor> out = g.call(i -> t.declare(i.name(), i.role(), g.spec(i.id())));
          Tensor dx =
              out.get(
                  (int) g.outputs().stream().takeWhile(o -> !o.name().startsWith("grad.")).count());
          assertThat(dx.spec()).isEqualTo(first);
          t.output("loss", dx.square().sum());
        });
  }

  @Test
  void stateUpdatesAreDropped() {
    Program p =
        Program.trace(
            t -> {
              Tensor x = t.input("x", VECTOR);
              t.update("s", t.state("s", VECTOR).add(x));
              t.output("loss", x.mul(t.state("s", VECTOR)).sum());
            });
    Program g = Autodiff.valueAndGrad(p, List.of("x"));
    assertThat(g.updates()).isEmpty();
    assertThat(
            ReferenceBackend.evaluate(g, Map.of("x", AT, "s", new double[] {7, 8, 9}))
                .get("grad.x"))
        .containsExactly(7, 8, 9);
  }

  @Test
  void functionsOfConcreteTensorsAreDifferentiatedAtOnce() {
    try (ReferenceBackend backend = new ReferenceBackend();
        TensorScope scope = backend.openScope()) {
      Tensor x = scope.of(Shape.of(2, 2), 1f, 2f, 3f, 4f);
      Tensor y = scope.of(Shape.of(2), 10f, 20f);
      Autodiff.ValueAndGrad g =
          Autodiff.valueAndGrad(in -> in.get(0).mul(in.get(1)).sum(), x.t(), y);
      assertThat(g.value().item()).isEqualTo(10 + 60 + 20 + 80);
      assertThat(g.gradients().get(0).toFloats()).containsExactly(10, 20, 10, 20);
      assertThat(g.gradients().get(1).toFloats()).containsExactly(3, 7);
    }
  }
}
