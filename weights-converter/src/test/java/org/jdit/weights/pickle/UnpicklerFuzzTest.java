package org.jdit.weights.pickle;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import org.jdit.weights.Mutations;
import org.junit.jupiter.api.Test;

class UnpicklerFuzzTest {
  @Test
  void damagedPicklesAreReadOrRefusedWithinTheirSize() {
    int read =
        Mutations.run(
            1,
            100_000,
            SamplePickles.ALL,
            pickle -> {
              PickleValue value = Unpickler.load(MemorySegment.ofArray(pickle), 0, "test").value();
              assertThat(value.toString()).isNotNull();
            });
    // Damage inside a string goes unnoticed; damage elsewhere must not.
    assertThat(read).isBetween(1_000, 90_000);
  }
}
