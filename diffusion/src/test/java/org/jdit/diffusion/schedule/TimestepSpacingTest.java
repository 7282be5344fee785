package org.jdit.diffusion.schedule;

import static java.util.Locale.ROOT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the few timesteps lie; the recorded traces check the values at length. */
class TimestepSpacingTest {
  @Test
  void leadingTakesMultiplesOfAWholeStride() {
    assertThat(TimestepSpacing.LEADING.timesteps(10, 3)).containsExactly(6.0, 3.0, 0.0);
    assertThat(new TimestepSpacing(TimestepSpacing.Kind.LEADING, 1).timesteps(10, 3))
        .containsExactly(7.0, 4.0, 1.0);
    assertThat(TimestepSpacing.LEADING.open(10, 3)).containsExactly(6.0, 4.0, 2.0);
  }

  @Test
  void linspaceGoesFromEndToEnd() {
    assertThat(TimestepSpacing.LINSPACE.timesteps(10, 3)).containsExactly(9.0, 4.5, 0.0);
    assertThat(TimestepSpacing.LINSPACE.open(10, 2)).containsExactly(9.0, 4.0);
    assertThat(TimestepSpacing.LINSPACE.open(1000, 1)).containsExactly(999.0);
  }

  @Test
  void trailingCountsDownFromTheEnd() {
    assertThat(TimestepSpacing.TRAILING.timesteps(10, 3)).containsExactly(9.0, 6.0, 2.0);
    assertThat(TimestepSpacing.TRAILING.open(10, 3)).containsExactly(9.0, 6.0, 2.0);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 1001})
  void impossibleCountsAreRefused(int steps) {
    for (TimestepSpacing spacing :
        List.of(TimestepSpacing.LEADING, TimestepSpacing.LINSPACE, TimestepSpacing.TRAILING)) {
      for (ThrowingCallable ask :
          List.<ThrowingCallable>of(
              () -> spacing.timesteps(1000, steps), () -> spacing.open(1000, steps))) {
        assertThatThrownBy(ask)
            .isInstanceOf(JditException.class)
            .hasMessage("%d sampling steps of a network trained on 1000; use 1 to 1000", steps);
      }
    }
  }

  @Test
  void aPointIsLeftForTheImage() {
    for (TimestepSpacing spacing : List.of(TimestepSpacing.LEADING, TimestepSpacing.LINSPACE)) {
      assertThat(spacing.open(1000, 999)).hasSize(999).endsWith(1.0);
      assertThatThrownBy(() -> spacing.open(1000, 1000))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("no point for %s spacing", spacing.kind().name().toLowerCase(ROOT))
          .hasMessageContaining("use 1 to 999");
    }
    assertThat(TimestepSpacing.TRAILING.open(1000, 1000)).hasSize(1000).endsWith(0.0);
  }

  @Test
  void anOffsetBeyondTheChainIsRefused() {
    TimestepSpacing shifted = new TimestepSpacing(TimestepSpacing.Kind.LEADING, 1);
    assertThatThrownBy(() -> shifted.timesteps(1000, 1000))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("offset of 1");
  }
}
