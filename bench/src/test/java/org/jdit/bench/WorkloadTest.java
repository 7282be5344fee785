package org.jdit.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.Numerics;
import org.jdit.dit.vae.VaeConfig;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Backends;
import org.junit.jupiter.api.Test;

/** Workloads are of the size that they claim, and run. */
class WorkloadTest {
  private static final DiTConfig TINY =
      new DiTConfig(4, 2, 4, 64, 2, 4, 4, 0.1, 10, true, Numerics.OFFICIAL);

  @Test
  void countsTwoOperationsForEachMultiplicationOfAProduct() {
    assertThat(Workload.linear(3, 5, 7).flops()).isEqualTo(2.0 * 3 * 5 * 7);
    assertThat(Workload.attention(2, 3, 16, 8).flops()).isEqualTo(4.0 * 2 * 3 * 16 * 16 * 8);
    assertThat(Workload.gelu(4, 4).flops()).isZero();
  }

  @Test
  void countsOperandsAndResultsInBytes() {
    assertThat(Workload.gelu(3, 5).bytes()).isEqualTo(4 * (15 + 15));
    assertThat(Workload.adamw(10).bytes()).isEqualTo(4 * (9 * 10 + 3 + 2));
    assertThat(Workload.linear(3, 5, 7).bytes()).isEqualTo(4 * (15 + 35 + 7 + 21));
  }

  @Test
  void theLargestNetworkHasTheArithmeticAndTheParametersOfThePaper() {
    Workload xl = Workload.forward(DiTConfig.named("DiT-XL/2", 32, 1000), 1);
    // Table 4 of the paper: 118.6 Gflops (of multiplications) an image; guidance takes two.
    assertThat(xl.flops()).isCloseTo(4 * 118.6e9, within(4 * 0.1e9));
    assertThat(xl.parameters()).isEqualTo(675_129_632L);
  }

  @Test
  void theDecoderHasTheArithmeticOfStableDiffusions() {
    // 311.09 thousand million multiplications, counted layer by layer.
    assertThat(Workload.decode(VaeConfig.STABLE_DIFFUSION, 1, 32).flops())
        .isCloseTo(622.2e9, within(0.1e9));
  }

  @Test
  void allWorkloadsRunAndFreeTheirMemory() {
    VaeConfig vae = new VaeConfig(3, 4, List.of(32, 64), 1, 32, 1);
    try (Backend backend = Backends.cpu()) {
      for (Workload w :
          List.of(
              Workload.linear(3, 8, 8),
              Workload.attention(1, 2, 16, 8),
              Workload.layerNormModulate(2, 3, 16),
              Workload.gateResidual(2, 3, 16),
              Workload.gelu(3, 16),
              Workload.silu(3, 16),
              Workload.adamw(16),
              Workload.softmax(3, 16),
              Workload.groupNormSilu(32, 4),
              Workload.block(TINY, 2),
              Workload.forward(TINY, 1),
              Workload.decode(vae, 2, 4))) {
        try (Loaded loaded = Loaded.on(backend, w)) {
          assertThat(loaded.seconds(2)).as(w.operation()).hasSize(2).allMatch(s -> s > 0);
        }
        assertThat(backend.memory().liveBytes()).as(w.operation()).isZero();
      }
    }
  }
}
