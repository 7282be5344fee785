package org.jdit.diffusion.loss;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jdit.tensor.random.TorchGenerator;

/** Chooses the timesteps that a training step looks at. */
public interface TimestepSampler {
  /**
   * A choice for a batch.
   *
   * @param timesteps one for each image
   * @param weights factors on the losses that keep their expectation that of uniform choice
   */
  record Draw(List<Integer> timesteps, List<Double> weights) {
    /** Copies the lists. */
    public Draw {
      timesteps = List.copyOf(timesteps);
      weights = List.copyOf(weights);
    }
  }

  /** Draws for a batch. */
  Draw draw(int batch, TorchGenerator generator);

  /** All timesteps alike, drawn by {@code torch.randint} as the official training does. */
  static TimestepSampler uniform(int timesteps) {
    return (batch, generator) ->
        new Draw(
            Arrays.stream(generator.randint(0, timesteps, batch)).mapToObj(t -> (int) t).toList(),
            Collections.nCopies(batch, 1.0));
  }
}
