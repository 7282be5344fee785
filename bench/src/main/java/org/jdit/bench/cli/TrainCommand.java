package org.jdit.bench.cli;

import java.util.List;
import org.jdit.bench.Contender;
import org.jdit.bench.LoadedTraining;
import org.jdit.bench.Workload;
import org.jdit.tensor.autodiff.Autodiff.InnerValues;
import org.jdit.tensor.spi.Backend;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code jdit bench train}: a whole training step. */
@Command(
    name = "train",
    sortOptions = false,
    description = {"Times a training step: forward, loss, gradient, AdamW and moving average.", ""},
    footer = {"", "Example:", "  jdit bench train --model DiT-S/8 --python python3"})
final class TrainCommand extends WorkloadCommand {
  @Mixin private Network network;

  @Option(
      names = "--batch",
      defaultValue = "16",
      paramLabel = "N",
      description = "Images in a step. Default: ${DEFAULT-VALUE}.")
  private int batch;

  @Option(names = "--grad-checkpoint", description = "Compute each block again for its gradient.")
  private boolean gradCheckpoint;

  @Override
  List<Workload> workloads() {
    int images = Usage.positive("--batch", batch);
    return List.of(Workload.train(network.config(), images, innerValues()));
  }

  @Override
  Contender load(Backend backend, Workload workload) {
    return new LoadedTraining(backend, network.config(), batch, innerValues());
  }

  private InnerValues innerValues() {
    return gradCheckpoint ? InnerValues.RECOMPUTED : InnerValues.KEPT;
  }

  @Override
  int usualRepeats() {
    return 9;
  }
}
