package org.jdit.diffusion.sampler;

import java.util.List;
import org.jdit.diffusion.Denoiser;
import org.jdit.tensor.Tensor;

/**
 * A way from noise to an image in {@link #steps()} calls of the network. All that differs from step
 * to step is numbers computed on the host, so one Program, traced from {@link #step}, serves all
 * steps.
 */
public interface Sampler {
  /** Number of network calls. */
  int steps();

  /** The timestep that the network is told at a step; may be fractional. */
  double timestep(int step);

  /** The factor on standard normal noise that makes the first {@code x}. */
  default double initialScale() {
    return 1;
  }

  /** The factor on {@code x} that makes what the network sees at a step. */
  default double inputScale(int step) {
    return 1;
  }

  /**
   * The factor that brings {@code x} as a step leaves it to the scale of images, of unit variance
   * while it is mostly noise: for showing what is on its way. 1 after the last step.
   */
  default double displayScale(int step) {
    return 1;
  }

  /** Whether a step takes fresh noise. Where it does not, the noise is not read. */
  boolean drawsNoise(int step);

  /** The numbers of a step, K of them, the same K at each. */
  float[] coefficients(int step);

  /** How many tensors of the shape of {@code x} a step leaves to the next one. */
  default int history() {
    return 0;
  }

  /**
   * What is carried from step to step.
   *
   * @param x the image, {@code [N, C, H, W]}
   * @param history {@link #history()} more of that shape; zeros before the first step
   */
  record State(Tensor x, List<Tensor> history) {
    /** Copies the list. */
    public State {
      history = List.copyOf(history);
    }
  }

  /**
   * One step, traceable.
   *
   * @param model the network
   * @param state what the step before left
   * @param timestep passed on to the network
   * @param coefficients {@code [1, K, 1, 1]}
   * @param noise standard normal, of the shape of {@code x}
   */
  State step(Denoiser model, State state, Tensor timestep, Tensor coefficients, Tensor noise);
}
