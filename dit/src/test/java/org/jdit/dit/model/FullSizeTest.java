package org.jdit.dit.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.testkit.TestBackend;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Networks of the paper at their real size compute what the official code computes: DiT-S/2, or the
 * models that {@code -Djdit.models=DiT-XL/2} names (which takes 2.7 GB of weights and minutes).
 */
@Tag("ladder")
class FullSizeTest {
  private static Stream<String> models() {
    return Pattern.compile(",").splitAsStream(System.getProperty("jdit.models", "DiT-S/2"));
  }

  @ParameterizedTest
  @MethodSource("models")
  void everyBatchSizeAndGuidanceMatch(String model) {
    List<String> found = new ArrayList<>();
    try (Backend backend = TestBackend.open()) {
      new FullSizeCheck(model, found::add).run(backend);
      assertThat(backend.memory().liveBytes()).isZero();
    }
    int last = DiTConfig.named(model, 32, 1000).depth() - 1;
    assertThat(found)
        .contains("batch1/out", "batch1/act/blocks." + last, "batch3/out", "batch16/out_cut")
        .contains("cfg/out_cut");
  }
}
