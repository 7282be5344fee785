package org.jdit.tensor.program;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Binary;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.Fused;
import org.jdit.tensor.op.Gelu;
import org.jdit.tensor.op.LayerNorm;
import org.jdit.tensor.testkit.RandomPrograms;
import org.jdit.tensor.testkit.ReferenceBackend;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Rewritten Programs mean what they meant. */
class PassesTest {
  private static final int PROGRAMS = 30;

  @TestFactory
  Stream<DynamicTest> rewritingKeepsTheMeaning() {
    Map<String, UnaryOperator<Program>> passes = new LinkedHashMap<>();
    passes.put("rewrite", p -> Passes.rewrite(p, (t, n, in) -> t.apply(n.op(), in)));
    passes.put("inline", Passes::inline);
    passes.put("decompose all", p -> Passes.decompose(p, (op, _) -> !(op instanceof Fused)));
    passes.put("decompose some", p -> Passes.decompose(p, (op, _) -> op instanceof LayerNorm));
    passes.put("dedupe", Passes::dedupe);
    passes.put("prune", Passes::prune);
    passes.put("all", p -> Passes.prune(Passes.dedupe(Passes.inline(p))));
    return passes.entrySet().stream()
        .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> sameMeaning(e.getValue())));
  }

  private static void sameMeaning(UnaryOperator<Program> pass) {
    for (int seed = 0; seed < PROGRAMS; seed++) {
      Program p = RandomPrograms.program(seed);
      Program q = pass.apply(p);
      checkForm(q);
      assertThat(q.inputs().stream().map(Input::name))
          .containsExactlyElementsOf(p.inputs().stream().map(Input::name).toList());
      Map<String, double[]> at = RandomPrograms.values(p, seed);
      Map<String, double[]> before = ReferenceBackend.evaluate(showingState(p), at);
      Map<String, double[]> after = ReferenceBackend.evaluate(showingState(q), at);
      assertThat(after.keySet()).containsExactlyElementsOf(before.keySet());
      // The same double arithmetic in the same order.
      before.forEach((name, x) -> Tolerance.EXACT.assertClose(name, after.get(name), x));
    }
  }

  /** The same Program with its updates and gate among the outputs. */
  private static Program showingState(Program p) {
    List<Output> outputs = new ArrayList<>(p.outputs());
    p.updates().forEach((name, id) -> outputs.add(new Output("update." + name, id)));
    p.gate().ifPresent(id -> outputs.add(new Output("gate", id)));
    return new Program(p.inputs(), p.nodes(), outputs, p.updates(), p.gate(), p.values());
  }

  /** Single assignment, operands before their use, specs as the operations infer them. */
  private static void checkForm(Program p) {
    Set<Integer> defined = p.inputs().stream().map(Input::id).collect(Collectors.toSet());
    for (Node n : p.nodes()) {
      assertThat(defined).containsAll(n.in());
      n.out().forEach(id -> assertThat(defined.add(id)).isTrue());
      assertThat(n.op().infer(n.in().stream().map(p::spec).toList()))
          .isEqualTo(n.out().stream().map(p::spec).toList());
    }
    assertThat(defined).containsAll(p.roots());
  }

  @Test
  void inlineLeavesNoCallsAtAnyDepth() {
    long calls = 0;
    for (int seed = 0; seed < PROGRAMS; seed++) {
      Program p = RandomPrograms.program(seed);
      calls += p.nodes().stream().filter(n -> n.op() instanceof Call).count();
      assertThat(Passes.inline(p).nodes()).noneMatch(n -> n.op() instanceof Call);
    }
    assertThat(calls).as("calls in the Programs of this test").isGreaterThan(10);
  }

  @Test
  void decomposeReplacesWhatIsUnsupportedOnly() {
    Program p =
        Program.trace(
            t -> t.output("y", t.input("x", Spec.f32(3)).gelu().softmax().layerNorm(1e-6)));
    Program q = Passes.decompose(p, (op, _) -> op instanceof LayerNorm || op instanceof Gelu);
    assertThat(q.nodes().stream().map(Node::op).filter(Fused.class::isInstance))
        .containsExactly(new Gelu(), new LayerNorm(1e-6));
    assertThat(Passes.decompose(p, (_, _) -> true)).isEqualTo(p);
  }

  @Test
  void dedupeComputesEqualNodesOnce() {
    Program p =
        Program.trace(
            t -> {
              Tensor x = t.input("x", Spec.f32(3));
              Tensor s = t.state("s", Spec.f32(3));
              t.output("a", x.exp().add(x.exp()));
              t.output("b", x.exp().add(x.exp()));
              t.output("c", x.exp().mul(2).sub(s.exp()));
              t.update("s", x.exp().mul(2));
            });
    Program q = Passes.dedupe(p);
    assertThat(q.nodes().stream().map(n -> n.op().name()))
        .containsExactly("Unary.EXP", "Binary.ADD", "Scale", "Unary.EXP", "Binary.SUB");
    assertThat(q.outputs().get(0).id()).isEqualTo(q.outputs().get(1).id());
  }

  /** Squares for the norm and for the second moment of an optimiser, say. */
  @Test
  void whatIsNeededBeforeTheGateAndAfterItIsComputedTwice() {
    Program p =
        Program.trace(
            t -> {
              Tensor x = t.input("x", Spec.f32(3));
              Tensor s = t.state("s", Spec.f32(3));
              Tensor sum = x.mul(x).sum(0);
              t.output("sum", sum);
              t.commitWhen(sum.lt(t.input("limit", Spec.f32())));
              t.update("s", s.add(x.mul(x)).add(x.mul(x)));
            });
    assertThat(Passes.dedupe(p).nodes().stream().filter(n -> n.op() instanceof Binary))
        .extracting(n -> n.op().name())
        .containsExactly("Binary.MUL", "Binary.MUL", "Binary.ADD", "Binary.ADD");
  }

  @Test
  void pruneDropsWhatNothingDependsOn() {
    for (int seed = 0; seed < PROGRAMS; seed++) {
      Program p = Passes.prune(RandomPrograms.program(seed));
      Set<Integer> used = new HashSet<>(p.roots());
      p.nodes().forEach(n -> used.addAll(n.in()));
      assertThat(p.nodes()).allMatch(n -> n.out().stream().anyMatch(used::contains));
    }
  }
}
