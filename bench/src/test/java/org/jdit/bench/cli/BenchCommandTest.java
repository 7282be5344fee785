package org.jdit.bench.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jdit.dit.cli.Main;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code jdit bench} reports what it timed, and says what is wrong with its options. */
class BenchCommandTest {
  @TempDir private Path dir;

  private record Run(int code, String out, String err) {
    JsonNode json() {
      assertThat(code).as(err).isZero();
      return JsonMapper.shared().readTree(out);
    }
  }

  private static Run bench(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    String[] all = new String[args.length + 1];
    all[0] = "bench";
    System.arraycopy(args, 0, all, 1, args.length);
    int code = Main.run(new PrintWriter(out), new PrintWriter(err), all);
    return new Run(code, out.toString(), err.toString());
  }

  private static Run bench(String line) {
    return bench(line.split(" "));
  }

  @Test
  void reportsEachShapeOfALayer() {
    JsonNode report =
        bench("gemm --rows 1,5 --widths 8x16 --warm-up 0 --repeat 4 --threads 1 --json").json();
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
    assertThat(second.path("median_seconds").asDouble())
        .isGreaterThanOrEqualTo(second.path("min_seconds").asDouble());
    assertThat(second.has("time_ratio")).isFalse();
  }

  @Test
  void reportsAttentionForEachLengthAndHeadSize() {
    JsonNode report =
        bench("attention --tokens 4,8 --head-sizes 8,12 --heads 2 --warm-up 0 --repeat 1 --json")
            .json();
    assertThat(report.path("results").size()).isEqualTo(4);
    assertThat(report.at("/results/3/tokens").asInt()).isEqualTo(8);
    assertThat(report.at("/results/3/head_size").asInt()).isEqualTo(12);
  }

  @Test
  void reportsANetworkOfOddSizes() {
    JsonNode report =
        bench("forward --model 64x2x4/2 --latents 4 --batch 2 --warm-up 0 --repeat 2 --json")
            .json();
    assertThat(report.at("/results/0/model").asString()).isEqualTo("DiT custom 64x2x4h/2");
    assertThat(report.at("/results/0/images").asInt()).isEqualTo(2);
    assertThat(report.at("/results/0/median_seconds").asDouble()).isPositive();
  }

  @Test
  void printsATableForPeople() {
    Run run = bench("gemm --rows 4 --widths 8x16 --warm-up 0 --repeat 2");
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
            *'"threads":1'*) echo '{"parameters": %d}' ;;
            *) echo '{"error": "not the threads that were asked for"}' ;;
          esac
        done
        """
            .formatted(hello, parameters));
    assertThat(script.toFile().setExecutable(true)).isTrue();
    return script.toString();
  }

  private static Run compared(String python) {
    return bench(
        "gemm",
        "--rows",
        "4",
        "--widths",
        "8x16",
        "--warm-up",
        "0",
        "--repeat",
        "2",
        "--threads",
        "1",
        "--json",
        "--python",
        python);
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void comparesWithPyTorch() throws IOException {
    JsonNode report = compared(python("{\"torch\": \"9.8.7\"}", 8 * 16 + 16)).json();
    assertThat(report.at("/machine/pytorch").asString()).isEqualTo("9.8.7");
    JsonNode result = report.at("/results/0");
    assertThat(result.path("torch_median_seconds").asDouble()).isEqualTo(2);
    assertThat(result.path("time_ratio").asDouble())
        .isEqualTo(result.path("median_seconds").asDouble() / 2);
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void refusesToCompareOtherNetworks() throws IOException {
    Run run = compared(python("{\"torch\": \"9.8.7\"}", 1));
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("linear has 1 parameters in PyTorch but 144 in JDiT");
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void saysThatAPythonHasNoPyTorch() throws IOException {
    Run run = compared(python("{\"error\": \"No module named torch\"}", 1));
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
    Run run = bench(line);
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains(message);
    assertThat(run.out()).isEmpty();
  }

  @Test
  void saysThatNoBenchmarkMatches() {
    Run run = bench("jmh Sorting");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("no benchmark matches Sorting");
  }
}
