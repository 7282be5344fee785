package org.jdit.bench.cli;

import java.util.List;
import org.jdit.bench.Workload;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code jdit bench forward}: a whole network. */
@Command(
    name = "forward",
    sortOptions = false,
    description = {
      "Times one evaluation of a network under guidance, as in each step of sampling.",
      ""
    },
    footer = {"", "Example:", "  jdit bench forward --model DiT-S/2 --python python3"})
final class ForwardCommand extends WorkloadCommand {
  @Mixin private Network network;

  @Option(
      names = "--batch",
      defaultValue = "1",
      paramLabel = "N",
      description =
          "Images; guidance makes twice as many sequences of them. Default: ${DEFAULT-VALUE}.")
  private int batch;

  @Override
  List<Workload> workloads() {
    return List.of(Workload.forward(network.config(), Usage.positive("--batch", batch)));
  }

  @Override
  int usualRepeats() {
    return 9;
  }
}
