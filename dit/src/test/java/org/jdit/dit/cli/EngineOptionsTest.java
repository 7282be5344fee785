package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.TaskTime;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;

/** What a user says of the engine is what is opened, and the profile is told longest first. */
class EngineOptionsTest {
  @Command(name = "compute")
  private static final class Compute {
    @Mixin private EngineOptions engine;
  }

  private final StringWriter err = new StringWriter();

  private EngineOptions parsed(String... args) {
    Compute command = new Compute();
    new CommandLine(command).setErr(new PrintWriter(err, true)).parseArgs(args);
    return command.engine;
  }

  @Test
  void opensTheBackendDeviceAndThreadsThatWereNamed() {
    EngineOptions engine = parsed("--backend", "cpu:cpu", "--threads", "1");
    engine.check();
    assertThat(engine.name()).isEqualTo("cpu:cpu");
    assertThat(engine.threads()).isEqualTo(1);
    try (Backend backend = engine.open()) {
      assertThat(backend.description()).contains("1 thread");
    }
    assertThat(parsed().name()).isEqualTo("cpu");
    assertThat(parsed().threads()).isPositive();
  }

  @Test
  void aBackendThatThereIsNotIsWrongUsage() {
    EngineOptions engine = parsed("--backend", "abacus:0:1");
    assertThatThrownBy(engine::check)
        .isInstanceOf(ParameterException.class)
        .hasMessage("no backend is called abacus; there are cpu, tornado");
  }

  @Test
  void listsTimesLongestFirstIfAsked() {
    List<TaskTime> times =
        List.of(
            new TaskTime("block.t0_norm", "norm", 4, 1_000_000, 200_000),
            new TaskTime("block.t1_gemm", "gemm", 2, 3_000_000, 7_000_000));
    parsed().report(times);
    assertThat(err.toString()).isEmpty();
    parsed("--profile").report(times);
    assertThat(err.toString().lines().map(line -> line.strip().replaceAll(" +", " ")))
        .containsExactly(
            "task kernel runs total ms mean us share compile ms",
            "block.t1_gemm gemm 2 3.000 1500.0 75.0% 7.0",
            "block.t0_norm norm 4 1.000 250.0 25.0% 0.2",
            "all 2 4.000 7.2");
  }
}
