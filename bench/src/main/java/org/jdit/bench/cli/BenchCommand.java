package org.jdit.bench.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code jdit bench}: how fast JDiT is on this machine. */
@Command(
    name = "bench",
    description = {
      "Times kernels and networks, and PyTorch or a BLAS next to them on the CPU if one is given.",
      "",
      "Weights are random numbers: a time does not depend on them.",
      ""
    },
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Examples:",
      "  jdit bench gemm --blas libopenblas.so.0",
      "  jdit bench forward --model DiT-S/2 --python python3",
      "  jdit bench train --model DiT-S/8 --python python3",
      "  jdit bench sample --model DiT-B/4 --json",
      "  jdit bench jmh Attention"
    },
    subcommands = {
      GemmCommand.class,
      AttentionCommand.class,
      ForwardCommand.class,
      VaeCommand.class,
      TrainCommand.class,
      SampleCommand.class,
      PeakCommand.class,
      ScalingCommand.class,
      SoakCommand.class,
      JmhCommand.class
    })
final class BenchCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a benchmark is missing");
  }
}
