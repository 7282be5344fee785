package org.jdit.bench.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.VerboseMode;

/** JMH finds the benchmarks, and they run. */
class BenchmarksTest {
  @Test
  void jmhKnowsThemAll() {
    var quiet = OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT);
    assertThat(BenchmarkList.defaultList().getAll(quiet, List.of()))
        .extracting(BenchmarkListEntry::getUsername)
        .map(name -> name.replace("org.jdit.bench.jmh.", ""))
        .containsExactlyInAnyOrder(
            "Gemm.run", "Attention.run", "Block.run", "Elementwise.run", "Decode.run");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "layerNormModulate",
        "rmsNorm",
        "gateResidual",
        "gelu",
        "silu",
        "softmax",
        "groupNormSilu",
        "adamw"
      })
  void anElementwiseKernelCountsItsBytes(String kernel) {
    Elementwise benchmark = new Elementwise();
    benchmark.kernel = kernel;
    Timed.Rates rates = run(benchmark);
    assertThat(rates.gbyte).isBetween(0.001, 0.2);
    assertThat(rates.gflop).isZero();
  }

  @Test
  void aLayerCountsItsArithmetic() {
    Gemm benchmark = new Gemm();
    benchmark.rows = 1;
    benchmark.widths = "1152x3456";
    assertThat(run(benchmark).gflop).isCloseTo(2e-9 * 1152 * 3456, within(1e-12));
  }

  private static Timed.Rates run(Timed benchmark) {
    Timed.Rates rates = new Timed.Rates();
    benchmark.open();
    benchmark.run(rates);
    benchmark.close();
    return rates;
  }
}
