package org.jdit.tensor.program;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.UnaryOperator;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Strided;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Concat;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.op.Unary;
import org.junit.jupiter.api.Test;

/** Parts of a concatenation are computed where they belong, as far as they can be. */
class JoiningTest {
  /** Kernels of which only unary operations write to any position. */
  private static final Layouts KERNELS =
      new Layouts() {
        @Override
        public boolean accepts(Op op, int index, List<Strided> operands) {
          return true;
        }

        @Override
        public Strided result(Op op, int index, Shape shape) {
          return Strided.contiguous(shape);
        }

        @Override
        public boolean places(Op op) {
          return op instanceof Unary;
        }

        @Override
        public boolean overwrites(Op op) {
          return false;
        }
      };

  /** Where the parts of the one concatenation begin in it, in elements; -1 if elsewhere. */
  private static List<Long> starts(UnaryOperator<Tensor> y) {
    Program p = Program.trace(t -> t.output("y", y.apply(t.input("x", Spec.f32(3, 4)))));
    Lowering lowered = Lowering.of(p, KERNELS);
    Node concat =
        lowered.program().nodes().stream()
            .filter(n -> n.op() instanceof Concat)
            .findFirst()
            .orElseThrow();
    int whole = concat.out().getFirst();
    return concat.in().stream()
        .map(id -> lowered.places().get(id))
        .map(at -> at.storage() == whole ? at.layout().offset() : -1)
        .toList();
  }

  @Test
  void partsAlongTheOutermostAxisAreComputedInPlace() {
    assertThat(starts(x -> Tensor.concat(0, x.exp(), x.neg(), x.sqrt())))
        .containsExactly(0L, 12L, 24L);
  }

  @Test
  void viewsOfAPartMoveAlong() {
    assertThat(starts(x -> Tensor.concat(0, x.exp().reshape(-1), x.neg().reshape(-1))))
        .containsExactly(0L, 12L);
  }

  @Test
  void partsThatAreNoRangeOfTheWholeAreCopied() {
    assertThat(starts(x -> Tensor.concat(1, x.exp(), x.neg()))).containsExactly(-1L, -1L);
  }

  @Test
  void inputsAndPartsOfBuffersAreCopied() {
    assertThat(starts(x -> Tensor.concat(0, x, x.exp().slice(0, 0, 2), x.neg())))
        .containsExactly(-1L, -1L, 20L);
  }

  @Test
  void otherOrdersOfABufferAreCopied() {
    assertThat(starts(x -> Tensor.concat(0, x.exp().permute(1, 0)))).containsExactly(-1L);
  }

  @Test
  void whatIsThereTwiceLiesInItsFirstPlace() {
    assertThat(
            starts(
                x -> {
                  Tensor part = x.exp();
                  return Tensor.concat(0, part, part);
                }))
        .containsExactly(0L, 0L);
  }

  @Test
  void whatAKernelCannotPlaceIsCopied() {
    assertThat(starts(x -> Tensor.concat(0, x.add(x), x.exp()))).containsExactly(-1L, 12L);
  }

  @Test
  void theWholeIsThereFromItsFirstPartOn() {
    Program p =
        Program.trace(
            t -> {
              Tensor x = t.input("x", Spec.f32(8));
              Tensor first = x.exp();
              Tensor between = x.neg().exp().neg();
              t.output("y", Tensor.concat(0, first, between.exp()));
            });
    Lowering lowered = Lowering.of(p, KERNELS);
    MemoryPlan plan = MemoryPlan.of(lowered.program(), lowered::storageOf);
    assertThat(plan.slotBytes()).containsExactlyInAnyOrder(64L, 32L, 32L);
  }
}
