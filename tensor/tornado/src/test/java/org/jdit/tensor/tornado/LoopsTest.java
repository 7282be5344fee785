package org.jdit.tensor.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Trace;
import org.junit.jupiter.api.Test;

/** Repeated calls become loops where that changes nothing, and only there. */
class LoopsTest {
  private static final Spec X = Spec.f32(2, 5);

  /** {@code y = (x + c) · w}. */
  private static final Program BLOCK =
      Program.trace(
          t -> t.output("y", t.input("x", X).add(t.input("c", X)).mul(t.param("w", Spec.f32(5)))));

  private static Tensor weight(Trace t, int i) {
    return t.param("blocks." + i + ".w", Spec.f32(5));
  }

  private static boolean calls(Program p) {
    return p.nodes().stream().anyMatch(n -> n.op() instanceof Call);
  }

  @Test
  void blocksWithWeightsOfTheirOwnAreALoop() {
    Loops loops =
        Loops.of(
            Program.trace(
                t -> {
                  Tensor c = t.input("c", X).neg();
                  Tensor x = t.input("x", X);
                  for (int i = 0; i < 3; i++) {
                    x = Tensor.apply(new Call(BLOCK), x, c, weight(t, i));
                  }
                  t.output("y", x.exp());
                }));
    assertThat(loops.program().nodes()).hasSize(3);
    assertThat(loops.loops().values())
        .singleElement()
        .satisfies(
            loop -> {
              assertThat(loop.times()).isEqualTo(3);
              assertThat(loop.body().nodes()).hasSize(2);
              assertThat(loop.body().updates()).hasSize(1);
              assertThat(loop.operands())
                  .containsExactly(
                      new Loops.Operand.Carried(0),
                      new Loops.Operand.Invariant(),
                      new Loops.Operand.Stacked(List.of("blocks.0.w", "blocks.1.w", "blocks.2.w")));
            });
  }

  @Test
  void aResultThatOthersReadMakesNoLoop() {
    Loops loops =
        Loops.of(
            Program.trace(
                t -> {
                  Tensor c = t.input("c", X);
                  Tensor first = Tensor.apply(new Call(BLOCK), t.input("x", X), c, weight(t, 0));
                  Tensor second = Tensor.apply(new Call(BLOCK), first, c, weight(t, 1));
                  t.output("y", second.add(first));
                }));
    assertThat(loops.loops()).isEmpty();
    assertThat(calls(loops.program())).isFalse();
  }

  @Test
  void callsOnDifferentValuesMakeNoLoop() {
    Loops loops =
        Loops.of(
            Program.trace(
                t -> {
                  Tensor x = t.input("x", X);
                  Tensor first = Tensor.apply(new Call(BLOCK), x, x.neg(), weight(t, 0));
                  t.output("y", Tensor.apply(new Call(BLOCK), first, x.exp(), weight(t, 1)));
                }));
    assertThat(loops.loops()).isEmpty();
    assertThat(calls(loops.program())).isFalse();
  }

  @Test
  void oneCallIsInlined() {
    Loops loops =
        Loops.of(
            Program.trace(
                t -> {
                  Tensor x = t.input("x", X);
                  t.output("y", Tensor.apply(new Call(BLOCK), x, x, weight(t, 0)));
                }));
    assertThat(loops.loops()).isEmpty();
    assertThat(calls(loops.program())).isFalse();
  }
}
