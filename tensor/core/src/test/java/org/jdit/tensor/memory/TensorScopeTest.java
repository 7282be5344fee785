package org.jdit.tensor.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.IntStream;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Lifetimes of concrete tensors. */
class TensorScopeTest {
  private final Memory memory = new Memory();

  @Test
  void closingFreesAllAndHandlesThrow() {
    Tensor small;
    Tensor large;
    try (TensorScope scope = TensorScope.open(memory)) {
      small = scope.of(Shape.of(3), 1f, 2f, 3f);
      large = scope.zeros(Spec.f32(1 << 20));
      assertThat(memory.liveBytes()).isGreaterThanOrEqualTo((4 << 20) + 12);
      assertThat(small.toFloats()).containsExactly(1, 2, 3);
    }
    assertThat(memory.liveBytes()).isZero();
    assertThat(memory.peakBytes()).isGreaterThanOrEqualTo(4 << 20);
    assertThatThrownBy(small::toFloats).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(large::item).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(large::toDoubles).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void keptTensorsOutliveTheInnerScope() {
    try (TensorScope outer = TensorScope.open(memory)) {
      Tensor kept;
      try (TensorScope inner = outer.inner()) {
        Tensor t = inner.of(Spec.f32(2, 3), 1, 2, 3, 4, 5, 6);
        kept = outer.keep(t.t());
      }
      assertThat(kept.shape()).isEqualTo(Shape.of(3, 2));
      assertThat(kept.toFloats()).containsExactly(1, 4, 2, 5, 3, 6);
    }
    assertThat(memory.liveBytes()).isZero();
  }

  @Test
  void tensorsAreAlignedZeroedAndDoNotOverlap() {
    try (TensorScope scope = TensorScope.open(memory)) {
      // Sizes on both sides of a chunk's rest and of what gets a slab of its own.
      int[] sizes = {1, 3, 16, 17, 65_535, 65_536, 65_537, 60_000, 60_000, 60_000, 0, 5};
      var tensors = IntStream.of(sizes).mapToObj(n -> scope.zeros(Spec.f32(n))).toList();
      for (Tensor t : tensors) {
        assertThat(t.concrete().data().address() % Memory.ALIGNMENT).isZero();
        assertThat(t.concrete().data().byteSize()).isEqualTo(4 * t.shape().numel());
        assertThat(t.toFloats()).containsOnly(new float[t.toFloats().length == 0 ? 0 : 1]);
      }
      for (int i = 0; i < sizes.length; i++) {
        tensors.get(i).concrete().data().fill((byte) (i + 1));
      }
      for (int i = 0; i < sizes.length; i++) {
        int bits = (i + 1) * 0x01010101;
        assertThat(tensors.get(i).toFloats())
            .hasSize(sizes[i])
            .doesNotContain(Float.intBitsToFloat(bits + 1));
        for (float f : tensors.get(i).toFloats()) {
          assertThat(Float.floatToRawIntBits(f)).isEqualTo(bits);
        }
      }
    }
  }

  @Test
  void viewsShareAndCopiesDoNot() {
    try (TensorScope scope = TensorScope.open(memory)) {
      Tensor t = scope.of(Spec.f32(2, 3), 1, 2, 3, 4, 5, 6);
      Tensor view = t.permute(1, 0).slice(0, 1, 2);
      Tensor copy = scope.copy(view, DType.I64);
      assertThat(view.toFloats()).containsExactly(2, 5, 3, 6);
      t.concrete().data().fill((byte) 0);
      assertThat(view.toFloats()).containsOnly(0);
      assertThat(copy.toLongs()).containsExactly(2, 5, 3, 6);
    }
  }

  @Test
  void wrongCountsAndMissingBackendsAreRefused() {
    try (TensorScope scope = TensorScope.open(memory)) {
      assertThatThrownBy(() -> scope.of(Shape.of(2), 1f, 2f, 3f))
          .isInstanceOf(IllegalArgumentException.class);
      Tensor t = scope.of(Shape.of(2), 1f, 2f);
      assertThatThrownBy(() -> t.add(t))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("Binary.ADD");
    }
  }

  @Test
  void arenasOfMappedFilesCloseWithTheScope() {
    var scope = TensorScope.open(memory);
    var arena = scope.arena();
    assertThat(arena.scope().isAlive()).isTrue();
    scope.close();
    assertThat(arena.scope().isAlive()).isFalse();
    scope.close();
  }
}
