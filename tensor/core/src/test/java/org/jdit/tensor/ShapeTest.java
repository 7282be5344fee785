package org.jdit.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Sizes of axes and the broadcasting rule. */
class ShapeTest {
  @Test
  void axesCountFromBothEnds() {
    Shape s = Shape.of(2, 3, 5);
    assertThat(s.dim(-1)).isEqualTo(5);
    assertThat(s.dim(0)).isEqualTo(2);
    assertThat(s.axis(-3)).isZero();
    assertThat(s.with(-2, 7)).isEqualTo(Shape.of(2, 7, 5));
    assertThat(s.sub(1, 3)).isEqualTo(Shape.of(3, 5));
    assertThat(s.plus(Shape.of(7))).isEqualTo(Shape.of(2, 3, 5, 7));
    assertThatThrownBy(() -> s.axis(3)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> s.dim(-4)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Shape.SCALAR.axis(0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void elementsAreCountedWithoutOverflow() {
    assertThat(Shape.SCALAR.numel()).isEqualTo(1);
    assertThat(Shape.of(3, 0, 2).numel()).isZero();
    assertThat(Shape.of(1 << 20, 1 << 20).numel()).isEqualTo(1L << 40);
    assertThatThrownBy(Shape.of(1 << 30, 1 << 30, 1 << 30)::numel)
        .isInstanceOf(ArithmeticException.class);
    assertThatThrownBy(() -> Shape.of(2, -1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void broadcastingAlignsAtTheEnd() {
    check(new int[] {2, 3, 4}, new int[] {4}, new int[] {2, 3, 4});
    check(new int[] {2, 1, 4}, new int[] {3, 1}, new int[] {2, 3, 4});
    check(new int[] {}, new int[] {5}, new int[] {5});
    check(new int[] {0, 3}, new int[] {1, 3}, new int[] {0, 3});
    check(new int[] {1}, new int[] {0}, new int[] {0});
    assertThatThrownBy(() -> Shape.broadcast(Shape.of(2, 3), Shape.of(2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("[2, 3]");
    assertThatThrownBy(() -> Shape.broadcast(Shape.of(0), Shape.of(2)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static void check(int[] a, int[] b, int[] expected) {
    assertThat(Shape.broadcast(Shape.of(a), Shape.of(b))).isEqualTo(Shape.of(expected));
    assertThat(Shape.broadcast(Shape.of(b), Shape.of(a))).isEqualTo(Shape.of(expected));
  }
}
