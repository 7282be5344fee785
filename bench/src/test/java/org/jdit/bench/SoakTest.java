package org.jdit.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.jdit.bench.Soak.Reading;
import org.jdit.tensor.JditException;
import org.jdit.tensor.memory.Memory;
import org.junit.jupiter.api.Test;

/** A leak is found, and what the JVM takes for itself is none. */
class SoakTest {
  private static final Reading FIRST = new Reading(10, 100, 1000, 50 << 20);
  private final Soak soak = new Soak(100, 32);

  @Test
  void aRunThatKeepsMemoryIsFound() {
    Memory memory = new Memory();
    List<Memory.Slab> kept = new ArrayList<>();
    List<Reading> readings =
        new Soak(25, 1000).watch(memory, () -> kept.add(memory.allocate(1)), _ -> {});
    assertThat(readings)
        .extracting(Reading::runs)
        .containsExactly(2, 5, 7, 10, 12, 15, 17, 20, 22, 25);
    assertThat(kept).hasSize(25);
    assertThatThrownBy(() -> soak.check(readings))
        .isInstanceOf(JditException.class)
        .hasMessage(
            "after 5 runs the engine holds 3 bytes more than after 2, and none are allowed");
    kept.forEach(Memory.Slab::close);
  }

  @Test
  void aProcessThatGrowsIsFound() {
    assertThatThrownBy(
            () -> soak.check(List.of(FIRST, new Reading(20, 100, 1000, (50 + 33) << 20))))
        .isInstanceOf(JditException.class)
        .hasMessage(
            "after 20 runs the process has 33.0 MiB more than after 10, and 32 are allowed");
  }

  @Test
  void whatIsAllowedIsNoLeak() {
    assertThatCode(() -> soak.check(List.of(FIRST, new Reading(20, 90, 9000, (50 + 32) << 20))))
        .doesNotThrowAnyException();
  }
}
