package org.jdit.bench.cli;

import java.util.List;
import org.jdit.bench.Workload;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code jdit bench attention}. */
@Command(
    name = "attention",
    sortOptions = false,
    description = {"Times attention, by default of two sequences as under guidance.", ""},
    footer = {"", "Example:", "  jdit bench attention --tokens 4096 --head-sizes 64"})
final class AttentionCommand extends WorkloadCommand {
  @Option(
      names = "--tokens",
      split = ",",
      defaultValue = "256,1024",
      paramLabel = "LIST",
      description = "Sequence lengths. Default: ${DEFAULT-VALUE}.")
  private List<Integer> tokens;

  @Option(
      names = "--head-sizes",
      split = ",",
      defaultValue = "64,72",
      paramLabel = "LIST",
      description = "Channels of a head. Default: ${DEFAULT-VALUE}.")
  private List<Integer> headSizes;

  @Option(
      names = "--heads",
      defaultValue = "16",
      paramLabel = "N",
      description = "Heads. Default: ${DEFAULT-VALUE}.")
  private int heads;

  @Option(
      names = "--batch",
      defaultValue = "2",
      paramLabel = "N",
      description = "Sequences. Default: ${DEFAULT-VALUE}.")
  private int batch;

  @Override
  List<Workload> workloads() {
    return tokens.stream()
        .flatMap(
            t ->
                headSizes.stream()
                    .map(
                        d ->
                            Workload.attention(
                                Usage.positive("--batch", batch),
                                Usage.positive("--heads", heads),
                                Usage.positive("--tokens", t),
                                Usage.positive("--head-sizes", d))))
        .toList();
  }

  @Override
  int usualRepeats() {
    return 30;
  }
}
