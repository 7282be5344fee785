package org.jdit.tensor.program;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.UnaryOperator;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Binary;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.op.Permute;
import org.jdit.tensor.op.Reduce;
import org.jdit.tensor.op.Unary;
import org.junit.jupiter.api.Test;

/** Element-wise operations become chains where their order allows it. */
class FusionTest {
  private static final Spec X = Spec.f32(2, 5);

  /** A kernel for operations on floats, of a few operands and results. */
  private static final Fusion.Kernel KERNEL =
      new Fusion.Kernel() {
        @Override
        public boolean computes(Op op, List<Spec> in, Spec out) {
          return op instanceof Unary || op instanceof Binary;
        }

        @Override
        public int operations() {
          return 6;
        }

        @Override
        public boolean takes(Program chain) {
          return chain.inputs().size() <= 3 && chain.outputs().size() <= 2;
        }

        @Override
        public boolean reduces(Op op) {
          return op instanceof Reduce(Reduce.Fn fn, _) && fn == Reduce.Fn.MAX;
        }
      };

  /** The operations in their order, a chain as how many it has. */
  private static List<Object> outline(Program p) {
    return Fusion.of(p, KERNEL).nodes().stream()
        .map(n -> n.op() instanceof Call(Program chain) ? chain.nodes().size() : n.op().getClass())
        .map(Object.class::cast)
        .toList();
  }

  private static List<Object> outline(UnaryOperator<Tensor> y) {
    return outline(Program.trace(t -> t.output("y", y.apply(t.input("x", X)))));
  }

  @Test
  void whatFollowsFromEachOtherIsOneCall() {
    assertThat(outline(x -> x.exp().add(x).mul(x).neg())).containsExactly(4);
  }

  @Test
  void oneOperationStaysAsItIs() {
    assertThat(outline(Tensor::exp)).containsExactly(Unary.class);
  }

  @Test
  void whatOthersReadIsAResult() {
    Program p =
        Program.trace(
            t -> {
              Tensor x = t.input("x", X);
              t.output("y", x.exp().add(x.neg().sum(1).unsqueeze(1)));
            });
    // Both exp and neg are before the sum, which reads one of them.
    assertThat(outline(p)).startsWith(2, Reduce.class).endsWith(Binary.class);
    assertThat(Fusion.of(p, KERNEL).nodes().getFirst().out()).hasSize(2);
  }

  /** Over the last axis, which stays with size 1. */
  private static Tensor max(Tensor x) {
    return Tensor.apply(new Reduce(Reduce.Fn.MAX, List.of(1)), x);
  }

  @Test
  void aReductionOfAChainsOneResultBelongsToIt() {
    assertThat(outline(x -> max(x.square().neg()).exp())).containsExactly(3, Unary.class);
    assertThat(outline(x -> max(x.exp()))).containsExactly(2);
    // The kernel of this test takes no sums.
    assertThat(outline(x -> Tensor.apply(new Reduce(Reduce.Fn.SUM, List.of(1)), x.exp())))
        .containsExactly(Unary.class, Reduce.class);
    assertThat(outline(x -> max(x))).containsExactly(Reduce.class);
  }

  @Test
  void aReductionOfWhatOthersReadTooStandsAlone() {
    Program twice =
        Program.trace(
            t -> {
              Tensor y = t.input("x", X).exp();
              t.output("rows", max(y));
              t.output("again", max(y));
            });
    assertThat(outline(twice)).containsExactly(Unary.class, Reduce.class, Reduce.class);
    Program result =
        Program.trace(
            t -> {
              Tensor y = t.input("x", X).exp();
              t.output("max", max(y));
              t.output("y", y);
            });
    assertThat(outline(result)).containsExactly(Unary.class, Reduce.class);
  }

  @Test
  void aReductionOfAChainThatIsTooLongStandsAlone() {
    assertThat(outline(x -> max(x.exp().neg().exp().neg().exp().neg()))).containsExactly(7);
    assertThat(outline(x -> max(x.exp().neg().exp().neg().exp().neg().exp())))
        .containsExactly(6, Unary.class, Reduce.class);
  }

  @Test
  void aChainEndsBeforeAViewOfIt() {
    assertThat(outline(x -> x.exp().neg().t().exp().neg())).containsExactly(2, Permute.class, 2);
  }

  @Test
  void operationsOfOtherShapesDoNotEndAChain() {
    Program p =
        Program.trace(
            t -> {
              Tensor a = t.input("x", X).exp();
              Tensor b = t.input("s", Spec.f32(1, 5)).exp();
              Tensor c = a.neg();
              Tensor d = b.neg();
              t.output("y", c.add(d));
            });
    assertThat(outline(p)).containsExactly(2, 3);
  }

  @Test
  void chainsKeepTheLimitsOfTheKernel() {
    // Operations, operands and results.
    assertThat(
            outline(
                x -> {
                  Tensor y = x;
                  for (int i = 0; i < 9; i++) {
                    y = y.exp();
                  }
                  return y;
                }))
        .containsExactly(6, 3);
    Program operands =
        Program.trace(
            t -> {
              Tensor y = t.input("x", X);
              for (int i = 0; i < 4; i++) {
                y = y.add(t.input("x" + i, X));
              }
              t.output("y", y);
            });
    assertThat(outline(operands)).containsExactly(2, 2);
    Program results =
        Program.trace(
            t -> {
              Tensor x = t.input("x", X);
              for (int i = 0; i < 3; i++) {
                x = x.exp();
                t.output("y" + i, x);
              }
            });
    assertThat(outline(results)).containsExactly(2, Unary.class);
  }

  @Test
  void whatOnlyUpdatesNeedIsNotMixedWithResults() {
    Program p =
        Commit.last(
            Program.trace(
                t -> {
                  Tensor a = t.state("a", X);
                  Tensor b = a.exp();
                  t.update("a", b.neg().exp());
                  t.output("y", b.neg());
                }));
    // exp and the first neg, then the update's part alone.
    Program fused = Fusion.of(Passes.dedupe(p), KERNEL);
    assertThat(Commit.start(fused, id -> id)).isEqualTo(1);
    assertThat(fused.nodes()).hasSize(2);
  }
}
