package org.jdit.bench.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** {@code peak}, {@code scaling} and {@code soak} report what they measured. */
class MachineCommandsTest {
  @Test
  void measuresTheMachineForEachNumberOfThreads() {
    JsonNode peaks = Bench.run("peak --threads 1,2 --mib 1 --json").json().path("peak");
    assertThat(peaks.size()).isEqualTo(2);
    assertThat(peaks.at("/1/threads").asInt()).isEqualTo(2);
    for (String figure : List.of("fma_gflops", "read_gbyte_per_second", "copy_gbyte_per_second")) {
      assertThat(peaks.at("/1/" + figure).asDouble()).as(figure).isPositive();
    }
    assertThat(Bench.run("peak --threads 1 --mib 1").out()).contains("FMA GFLOP/s");
  }

  @Test
  void comparesNumbersOfThreads() {
    JsonNode results =
        Bench.run(
                "scaling forward --threads 1,2 --model 64x2x4/2 --latents 4 --warm-up 0 --repeat 2"
                    + " --json")
            .json()
            .path("results");
    assertThat(results.size()).isEqualTo(2);
    assertThat(results.at("/0/speed_up").asDouble()).isEqualTo(1);
    assertThat(results.at("/1/threads").asInt()).isEqualTo(2);
    assertThat(results.at("/1/speed_up").asDouble())
        .isEqualTo(
            results.at("/0/median_seconds").asDouble()
                / results.at("/1/median_seconds").asDouble());
  }

  @Test
  void watchesMemoryWhileANetworkRuns() {
    JsonNode readings =
        Bench.run("soak --runs 20 --model 64x1x4/2 --latents 4 --allow 1000 --json")
            .json()
            .path("soak");
    assertThat(readings.size()).isEqualTo(10);
    assertThat(readings.at("/9/runs").asInt()).isEqualTo(20);
    assertThat(readings.at("/9/live_bytes").asLong())
        .isPositive()
        .isEqualTo(readings.at("/0/live_bytes").asLong());
    assertThat(readings.at("/9/heap_bytes").asLong()).isPositive();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "peak --threads 1,0 | --threads is 1 or more, not 0",
        "peak --mib 0 | --mib is 1 or more, not 0",
        "scaling --precision fp8 | no precision is called fp8",
        "scaling sort | Unmatched argument at index 2: 'sort'",
        "soak --runs 9 | --runs is 10 or more, not 9",
      })
  void refusesWrongOptionsInOneSentence(String line, String message) {
    Bench.Run run = Bench.run(line);
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains(message);
    assertThat(run.out()).isEmpty();
  }
}
