package org.jdit.bench.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** {@code jdit bench} reports what it timed, and says what is wrong with its options. */
class BenchCommandTest {
  @TempDir private Path dir;

  @Test
  void reportsEachShapeOfALayer() {
    JsonNode report =
        Bench.run("gemm --rows 1,5 --widths 8x16 --warm-up 0 --repeat 4 --threads 1 --json").json();
    assertThat(report.at("/machine/engine").asString()).contains("1 thread");
    assertThat(report.at("/machine/processors").asInt()).isPositive();
    assertThat(report.path("results").size()).isEqualTo(2);
    JsonNode second = report.at("/results/1");
    assertThat(second.path("operation").asString()).isEqualTo("linear");
    assertThat(second.path("m").asInt()).isEqualTo(5);
    assertThat(second.path("k").asInt()).isEqualTo(8);
    assertThat(second.path("n").asInt()).isEqualTo(16);
    assertThat(second.path("gflop").asDouble()).isCloseTo(2e-9 * 5 * 8 * 16, within(1e-15));
    assertThat(second.path("seconds").size()).isEqualTo(4);
    assertThat(report.at("/machine/precision").asString()).isEqualTo("fp32");
    double peak = report.at("/machine/fma_gflops").asDouble();
    assertThat(peak).isPositive();
    assertThat(second.path("percent_of_peak").asDouble())
        .isCloseTo(100 * second.path("median_gflops").asDouble() / peak, within(1e-9));
    assertThat(second.path("median_seconds").asDouble())
        .isGreaterThanOrEqualTo(second.path("min_seconds").asDouble());
    assertThat(second.has("torch_time_ratio")).isFalse();
  }

  @Test
  void reportsAttentionForEachLengthAndHeadSize() {
    JsonNode report =
        Bench.run(
                "attention --tokens 4,8 --head-sizes 8,12 --heads 2 --warm-up 0 --repeat 1 --json")
            .json();
    assertThat(report.path("results").size()).isEqualTo(4);
    assertThat(report.at("/results/3/tokens").asInt()).isEqualTo(8);
    assertThat(report.at("/results/3/head_size").asInt()).isEqualTo(12);
  }

  @Test
  void reportsANetworkOfOddSizes() {
    JsonNode report =
        Bench.run("forward --model 64x2x4/2 --latents 4 --batch 2 --warm-up 0 --repeat 2 --json")
            .json();
    assertThat(report.at("/results/0/model").asString()).isEqualTo("DiT custom 64x2x4h/2");
    assertThat(report.at("/results/0/images").asInt()).isEqualTo(2);
    assertThat(report.at("/results/0/median_seconds").asDouble()).isPositive();
  }

  @Test
  void roundsProductsToThePrecisionAskedFor() {
    JsonNode machine =
        Bench.run(
                "attention --tokens 4 --head-sizes 8 --warm-up 0 --repeat 1 --precision bf16"
                    + " --json")
            .json()
            .path("machine");
    assertThat(machine.path("precision").asString()).isEqualTo("bf16");
    assertThat(machine.path("engine").asString()).contains("bf16");
  }

  @Test
  void tellsWhereTheTimeOfARunGoes() {
    JsonNode kernels =
        Bench.run("forward --model 64x2x4/2 --latents 4 --warm-up 0 --repeat 1 --profile --json")
            .json()
            .at("/results/0/seconds_by_kernel");
    assertThat(kernels.path("Linear").asDouble()).isPositive();
    assertThat(kernels.path("Attention").asDouble()).isPositive();
  }

  @Test
  void printsATableForPeople() {
    Bench.Run run = Bench.run("gemm --rows 4 --widths 8x16 --warm-up 0 --repeat 2");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("threads").contains("linear m 4 k 8 n 16");
  }

  /** A stand-in for Python that keeps to the protocol and takes two seconds for each run. */
  private String python(String hello, int parameters) throws IOException {
    Path script = dir.resolve("python");
    Files.writeString(
        script,
        """
        #!/bin/sh
        echo '%s'
        while read -r request; do
          case $request in
            *'"runs":1'*) echo '{"seconds": [2]}' ;;
            *'"runs"'*) echo '{"seconds": [9, 2, 2]}' ;;
            *'"threads":1,"precision":"fp32"'*) echo '{"parameters": %d}' ;;
            *) echo '{"error": "not the threads and the precision that were asked for"}' ;;
          esac
        done
        """
            .formatted(hello, parameters));
    assertThat(script.toFile().setExecutable(true)).isTrue();
    return script.toString();
  }

  private static Bench.Run compared(String python, String... more) {
    String line = "gemm --rows 4 --widths 8x16 --warm-up 0 --repeat 2 --threads 1 --json --python";
    return Bench.run(
        Stream.of(line.split(" "), new String[] {python}, more)
            .flatMap(Stream::of)
            .toArray(String[]::new));
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void comparesWithPyTorch() throws IOException {
    JsonNode report = compared(python("{\"torch\": \"9.8.7\"}", 8 * 16 + 16)).json();
    assertThat(report.at("/machine/pytorch").asString()).isEqualTo("9.8.7");
    JsonNode result = report.at("/results/0");
    assertThat(result.path("torch_median_seconds").asDouble()).isEqualTo(2);
    assertThat(result.path("torch_time_ratio").asDouble())
        .isEqualTo(result.path("median_seconds").asDouble() / 2);
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void asksPyTorchForAPrecision() throws IOException {
    String python = python("{\"torch\": \"9.8.7\"}", 144);
    Bench.Run run = compared(python, "--torch-precision", "bf16");
    assertThat(run.err()).contains("not the threads and the precision that were asked for");
  }

  @Test
  void saysThatALibraryIsMissing() {
    Bench.Run run = Bench.run("gemm", "--blas", dir.resolve("libnone.so").toString());
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("cannot load").contains("libnone.so");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void saysThatALibraryIsNoBlas() {
    Bench.Run run = Bench.run("gemm --blas libc.so.6");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("libc.so.6 has no cblas_sgemm, so it is no BLAS");
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void refusesToCompareOtherNetworks() throws IOException {
    Bench.Run run = compared(python("{\"torch\": \"9.8.7\"}", 1));
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("linear has 1 parameters in PyTorch but 144 in JDiT");
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void saysThatAPythonHasNoPyTorch() throws IOException {
    Bench.Run run = compared(python("{\"error\": \"No module named torch\"}", 1));
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("No module named torch");
    assertThat(compared(python("Usage: rm [FILE]", 1)).err())
        .contains("does not answer as a Python with PyTorch does");
    assertThat(compared(dir.resolve("none").toString()).err()).contains("cannot start Python");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gemm --rows 0 | --rows is 1 or more, not 0",
        "gemm --widths 12 | in which 12 has no place",
        "gemm --threads -1 | threads must be 0 (all) or more, not -1",
        "jmh --threads -1 | threads must be 0 (all) or more, not -1",
        "vae --backend abacus | no backend is called abacus; there are cpu, tornado",
        "gemm --repeat 0 | --repeat is 1 or more, not 0",
        "gemm --torch-precision bf16 | --torch-precision is of PyTorch: give --python too",
        "gemm --python p --torch-precision fp8 | --torch-precision is fp32 or bf16, not fp8",
        "gemm --precision fp8 | no precision is called fp8",
        "gemm --warm-up NaN | --warm-up is from 0 to 60 seconds",
        "attention --heads 0 | --heads is 1 or more",
        "forward --model DiT-XXL | there is no model DiT-XXL",
        "forward --model 30x2x4/2 | does not divide into 4 heads",
        "vae --latents 0 | --latents is 1 or more",
        "sample --steps 1 | --steps is 2 or more, not 1",
        "sample --ckpt a.pt | give both --ckpt and --vae",
        "sample --ckpt a.pt --vae b.pt --model DiT-S/2 | leave them out with --ckpt",
        "jmh [ | is no regular expression",
        "--verbose | a benchmark is missing",
      })
  void refusesWrongOptionsInOneSentence(String line, String message) {
    Bench.Run run = Bench.run(line);
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains(message);
    assertThat(run.out()).isEmpty();
  }

  @Test
  void saysThatNoBenchmarkMatches() {
    Bench.Run run = Bench.run("jmh Sorting");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("no benchmark matches Sorting");
  }
}
