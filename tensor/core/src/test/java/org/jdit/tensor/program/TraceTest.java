package org.jdit.tensor.program;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.Conv2d;
import org.jdit.tensor.op.Unfold;
import org.junit.jupiter.api.Test;

/** What a trace records, and what it refuses. */
class TraceTest {
  private static final Spec SPEC = Spec.f32(2, 3);

  @Test
  void recordsInputsNodesAndOutputs() {
    Program p =
        Program.trace(
            t -> {
              Tensor x = t.input("x", SPEC);
              t.output("y", x.add(t.param("w", SPEC)).sum(1));
            });
    assertThat(p.inputs().stream().map(Input::name)).containsExactly("x", "w");
    assertThat(p.inputs().stream().map(Input::role)).containsExactly(Role.INPUT, Role.PARAM);
    assertThat(p.nodes().stream().map(n -> n.op().name()))
        .containsExactly("Binary.ADD", "Reduce.SUM", "Reshape");
    assertThat(p.spec(p.outputs().getFirst().id())).isEqualTo(Spec.f32(2));
    assertThat(p.listing())
        .isEqualTo(
            """
            %0 = INPUT x f32[2, 3]
            %1 = PARAM w f32[2, 3]
            %2 = Binary.ADD %0 %1 : [f32[2, 3]]
            %3 = Reduce.SUM %2 : [f32[2, 1]]
            %4 = Reshape %3 : [f32[2]]
            return y = %4
            """);
  }

  @Test
  void concreteTensorsAreNotCaptured() {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor concrete = scope.zeros(SPEC);
      Program.trace(
          t -> {
            Tensor x = t.input("x", SPEC);
            assertThatThrownBy(() -> x.add(concrete))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("pass it as an input");
            assertThatThrownBy(() -> concrete.add(x)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> Tensor.concat(0, concrete, concrete, x))
                .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> t.output("y", concrete))
                .isInstanceOf(IllegalStateException.class);
          });
    }
  }

  @Test
  void valuesCannotBeRead() {
    Program.trace(
        t -> {
          Tensor x = t.input("x", Spec.f32(1));
          assertThatThrownBy(x::item)
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("being traced");
          assertThatThrownBy(x::toFloats).isInstanceOf(IllegalStateException.class);
          assertThatThrownBy(x.exp()::concrete).isInstanceOf(IllegalStateException.class);
        });
  }

  @Test
  void tensorsOfOtherTracesAreRefused() {
    Program.trace(
        outer -> {
          Tensor x = outer.input("x", SPEC);
          Program.trace(
              inner -> {
                Tensor y = inner.input("y", SPEC);
                assertThatThrownBy(() -> y.add(x))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("another trace");
                assertThatThrownBy(() -> inner.output("x", x))
                    .isInstanceOf(IllegalStateException.class);
              });
        });
  }

  @Test
  void finishedTracesRecordNothing() {
    AtomicReference<Tensor> leaked = new AtomicReference<>();
    Program.trace(t -> leaked.set(t.input("x", SPEC)));
    assertThatThrownBy(() -> leaked.get().exp())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("finished");
  }

  @Test
  void namesAreUnique() {
    Program.trace(
        t -> {
          Tensor x = t.input("x", SPEC);
          Tensor w = t.param("w", SPEC);
          assertThat(t.param("w", SPEC)).isSameAs(w);
          assertThatThrownBy(() -> t.input("x", SPEC))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining("input x is declared twice");
          assertThatThrownBy(() -> t.param("w", Spec.f32(1)))
              .isInstanceOf(IllegalArgumentException.class);
          assertThatThrownBy(() -> t.state("w", SPEC)).isInstanceOf(IllegalArgumentException.class);
          t.output("y", x);
          assertThatThrownBy(() -> t.output("y", w)).isInstanceOf(IllegalArgumentException.class);
        });
  }

  @Test
  void onlyStateIsUpdatedAndOnlyWithItsSpec() {
    Program.trace(
        t -> {
          Tensor x = t.input("x", SPEC);
          t.param("w", SPEC);
          Tensor s = t.state("s", SPEC);
          t.update("s", s.add(x));
          assertThatThrownBy(() -> t.update("s", s))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessage("state s is updated twice");
          assertThatThrownBy(() -> t.update("w", x)).isInstanceOf(IllegalArgumentException.class);
          assertThatThrownBy(() -> t.update("x", x)).isInstanceOf(IllegalArgumentException.class);
          assertThatThrownBy(() -> t.update("nothing", x))
              .isInstanceOf(IllegalArgumentException.class);
          assertThatThrownBy(() -> t.update("s", x.sum()))
              .isInstanceOf(IllegalArgumentException.class);
          assertThatThrownBy(() -> t.commitWhen(x.sum()))
              .isInstanceOf(IllegalArgumentException.class);
          assertThatThrownBy(() -> t.commitWhen(t.input("mask", new Spec(Shape.of(2), DType.BOOL))))
              .isInstanceOf(IllegalArgumentException.class);
        });
  }

  @Test
  void thereIsOneCommitCondition() {
    Program.trace(
        t -> {
          Tensor x = t.input("x", Spec.f32());
          t.commitWhen(x.lt(x.mul(2)));
          assertThatThrownBy(() -> t.commitWhen(x.eq(x)))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining("a commit condition already");
        });
  }

  @Test
  void windowsMoveOnAndPaddingAddsToTheImage() {
    for (Runnable wrong :
        List.<Runnable>of(
            () -> new Conv2d(0, 1),
            () -> new Conv2d(1, -1),
            () -> new Unfold(2, 2, -1, 0),
            () -> new Unfold(2, 2, 1, -1))) {
      assertThatThrownBy(wrong::run)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("use a stride of 1 or more and a padding of 0 or more");
    }
  }

  @Test
  void wrongOperandsAreRefusedWithTheirShapes() {
    Program.trace(
        t -> {
          Tensor x = t.input("x", SPEC);
          Tensor ids = t.input("ids", Spec.i64(2));
          assertThatThrownBy(() -> x.matmul(x))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining("MatMul")
              .hasMessageContaining("f32[2, 3]");
          for (Runnable wrong :
              List.<Runnable>of(
                  () -> x.add(ids),
                  () -> x.reshape(7),
                  () -> x.permute(0, 0),
                  () -> x.slice(1, 2, 2),
                  () -> x.expand(Shape.of(2, 4)),
                  () -> x.gather(x),
                  () -> ids.exp(),
                  () -> Tensor.concat(0, x, x.slice(1, 0, 2)),
                  () -> x.softmax().attention(x, x, 1),
                  () -> x.pad(0, -1, 0),
                  () -> x.sum(2),
                  () -> ids.where(x, x))) {
            assertThatThrownBy(wrong::run).isInstanceOf(IllegalArgumentException.class);
          }
          // Nothing of all this was recorded, but softmax.
          assertThat(t.nodes()).allMatch(n -> n.op().name().matches("Slice|Softmax"));
        });
  }

  @Test
  void calledProgramsHaveNoStateAndTheirOwnInputs() {
    Program stateful = Program.trace(t -> t.update("s", t.state("s", SPEC).add(1)));
    Program reading = Program.trace(t -> t.output("y", t.state("s", SPEC).add(1)));
    Program gated =
        Program.trace(t -> t.commitWhen(t.input("go", new Spec(Shape.SCALAR, DType.BOOL))));
    for (Program p : List.of(stateful, reading, gated)) {
      assertThatThrownBy(() -> new Call(p))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("no state and no gate");
    }
    Program pair = Program.trace(t -> t.output("y", t.input("a", SPEC).add(t.param("b", SPEC))));
    Program.trace(
        t -> {
          Tensor x = t.input("x", SPEC);
          assertThat(pair.call(_ -> x)).hasSize(1);
          assertThatThrownBy(() -> pair.call(_ -> x.t()))
              .isInstanceOf(IllegalArgumentException.class);
          assertThatThrownBy(() -> t.apply(new Call(pair), List.of(x)))
              .isInstanceOf(IllegalArgumentException.class);
        });
    assertThatThrownBy(() -> pair.input("c")).isInstanceOf(IllegalArgumentException.class);
  }
}
