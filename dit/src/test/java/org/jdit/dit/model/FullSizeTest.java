package org.jdit.dit.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.jdit.tensor.spi.Backend;
import org.junit.jupiter.api.Test;

/** DiT-S/2 at its real size computes what the official code computes. */
class FullSizeTest {
  @Test
  void ditS2MatchesInEveryBatchSizeAndWithGuidance() {
    List<String> found = new ArrayList<>();
    try (Backend backend = Engine.CPU.open()) {
      new FullSizeCheck("DiT-S/2", found::add).run(backend);
      assertThat(backend.memory().liveBytes()).isZero();
    }
    assertThat(found)
        .contains("batch1/out", "batch1/act/blocks.11", "batch3/out", "batch16/out_cut")
        .contains("cfg/out_cut");
  }
}
