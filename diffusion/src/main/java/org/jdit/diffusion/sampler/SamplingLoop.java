package org.jdit.diffusion.sampler;

import java.util.Arrays;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.jdit.tensor.random.TorchGenerator;

/** The host side of sampling: hands every step its numbers and its noise, in order. */
public final class SamplingLoop {
  private SamplingLoop() {}

  /** Runs one step of a compiled Program that keeps {@code x} and the history. */
  @FunctionalInterface
  public interface Step {
    /**
     * Runs a step.
     *
     * @param timestep what the network is told
     * @param coefficients of {@link Sampler#coefficients}
     * @param noise standard normal, or zeros where the sampler takes none
     */
    void run(double timestep, float[] coefficients, float[] noise);
  }

  /**
   * The first {@code x}: standard normal noise times the sampler's scale.
   *
   * @param elements numbers in {@code x}
   */
  public static float[] start(Sampler sampler, TorchGenerator generator, int elements) {
    float[] x = generator.randn(elements);
    float scale = (float) sampler.initialScale();
    for (int i = 0; i < x.length; i++) {
      x[i] *= scale;
    }
    return x;
  }

  /**
   * Noise as torch's {@code randn_like} draws it.
   *
   * @param drawn numbers drawn for a step; under guidance the official code draws for both halves
   * @param used how many of them, from the front, are kept
   */
  public static Supplier<float[]> noise(TorchGenerator generator, int drawn, int used) {
    return () -> Arrays.copyOf(generator.randn(drawn), used);
  }

  /**
   * Runs all steps.
   *
   * @param elements numbers in {@code x}
   * @param noise what a step that takes noise gets; not asked for others
   * @param progress told the number of steps done, after each
   */
  public static void run(
      Sampler sampler, int elements, Supplier<float[]> noise, Step step, IntConsumer progress) {
    float[] none = new float[elements];
    for (int i = 0; i < sampler.steps(); i++) {
      float[] fresh = sampler.drawsNoise(i) ? noise.get() : none;
      step.run(sampler.timestep(i), sampler.coefficients(i), fresh);
      progress.accept(i + 1);
    }
  }
}
