package org.jdit.bench;

import java.util.Collections;
import java.util.List;
import org.jdit.diffusion.loss.TimestepSampler;
import org.jdit.dit.model.DiT;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.DiTInit;
import org.jdit.dit.train.Batch;
import org.jdit.dit.train.Trainer;
import org.jdit.tensor.autodiff.Autodiff.InnerValues;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.random.TorchGenerator;
import org.jdit.tensor.spi.Backend;

/** Training steps of a network, from the official initialisation on one batch of noise. */
public final class LoadedTraining implements Contender {
  private static final double LEARNING_RATE = 1e-4;

  private final Trainer trainer;
  private final Batch batch;
  private long step;

  /** A training on a backend, which stays the caller's to close. */
  public LoadedTraining(Backend backend, DiTConfig config, int images, InnerValues innerValues) {
    TorchGenerator random = new TorchGenerator(0);
    int numbers = Math.toIntExact(DiT.input(config, images).shape().numel());
    trainer = new Trainer(backend, Workload.trainStep(config, images, innerValues));
    try (TensorScope scope = TensorScope.open(new Memory())) {
      trainer.start(DiTInit.official(config, random, scope));
    }
    batch =
        new Batch(
            random.randn(numbers),
            Collections.nCopies(images, 0),
            random.randn(numbers),
            TimestepSampler.uniform(trainer.diffusion().schedule().steps()).draw(images, random));
  }

  /** Bytes of buffers and state. */
  public long bytes() {
    return trainer.bytes();
  }

  @Override
  public List<Double> seconds(int runs) {
    return Stopwatch.seconds(runs, () -> trainer.step(List.of(batch), ++step, LEARNING_RATE));
  }

  @Override
  public void close() {
    trainer.close();
  }
}
