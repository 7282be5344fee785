package org.jdit.dit.sample;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jdit.diffusion.sampler.Sampler;
import org.jdit.dit.model.DiT;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.TimestepFeatures;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;

/**
 * The steps of a request, compiled: one under guidance and, where guidance has an interval, one
 * without, which the network passes in half the rows.
 */
final class Denoising implements AutoCloseable {
  private record Compiled(DenoiseStep step, Executable executable) {
    static Compiled of(Backend backend, DenoiseStep step, Resident weights) {
      return new Compiled(step, backend.compile(step.program(), weights));
    }
  }

  private final Backend backend;
  private final SampleRequest request;
  private final int lastTimestep;
  private final Compiled usual;
  private final Optional<Compiled> unguided;

  /**
   * Compiles.
   *
   * @param step the step as the request asks for it
   * @param lastTimestep of the chain that the network was trained on
   * @param weights of the network
   */
  Denoising(
      Backend backend,
      SampleRequest request,
      DenoiseStep step,
      int lastTimestep,
      Resident weights) {
    this.backend = backend;
    this.request = request;
    this.lastTimestep = lastTimestep;
    usual = Compiled.of(backend, step, weights);
    try {
      unguided =
          unguided(step, request.guidance()).map(plain -> Compiled.of(backend, plain, weights));
    } catch (RuntimeException e) {
      usual.executable().close();
      throw e;
    }
  }

  /** The step without guidance, if the request has timesteps for it. */
  static Optional<DenoiseStep> unguided(DenoiseStep step, Guidance guidance) {
    return step.guidedChannels().isPresent() && guidance.isPartial()
        ? Optional.of(new DenoiseStep(step.config(), step.sampler(), step.n(), OptionalInt.empty()))
        : Optional.empty();
  }

  /**
   * Moves all images by a step, in portions of {@link DenoiseStep#n}; the last portion is padded.
   *
   * @param state the images and the sampler's history, replaced by what comes next
   * @param t the timestep
   * @param coefficients of the sampler
   * @param noise for all images
   */
  void step(List<float[]> state, double t, float[] coefficients, float[] noise) {
    Compiled c = unguided.filter(_ -> !request.guidance().covers(t, lastTimestep)).orElse(usual);
    for (int from = 0; from < request.labels().size(); from += c.step().n()) {
      portion(c, state, from, t, coefficients, noise);
    }
  }

  private void portion(
      Compiled c, List<float[]> state, int from, double t, float[] coefficients, float[] noise) {
    DenoiseStep step = c.step();
    Shape shape = DiT.input(step.config(), step.n()).shape();
    int each = Math.toIntExact(DiT.input(step.config(), 1).shape().numel());
    int count = Math.min(step.n(), request.labels().size() - from) * each;
    try (TensorScope scope = TensorScope.open(backend.memory())) {
      Map<String, Tensor> inputs = new HashMap<>();
      double[] times = new double[step.n()];
      Arrays.fill(times, t);
      inputs.put(DenoiseStep.TIME, TimestepFeatures.of(scope, step.config().numerics(), times));
      inputs.put(DenoiseStep.LABELS, scope.of(Shape.of(step.rows()), labels(request, step, from)));
      inputs.put(
          DenoiseStep.COEFFICIENTS, scope.of(Shape.of(1, coefficients.length, 1, 1), coefficients));
      inputs.put(DenoiseStep.NOISE, scope.of(shape, part(noise, from * each, count, shape)));
      if (step.guidedChannels().isPresent()) {
        float scale = (float) request.guidance().scale();
        inputs.put(DenoiseStep.SCALE, scope.of(Shape.SCALAR, scale));
      }
      List<String> names = stateNames(step.sampler());
      for (int i = 0; i < names.size(); i++) {
        inputs.put(names.get(i), scope.of(shape, part(state.get(i), from * each, count, shape)));
      }
      Map<String, Tensor> outputs = c.executable().run(inputs, scope);
      for (int i = 0; i < names.size(); i++) {
        float[] next = outputs.get(names.get(i)).toFloats();
        System.arraycopy(next, 0, state.get(i), from * each, count);
      }
    }
  }

  private static List<String> stateNames(Sampler sampler) {
    List<String> names = new ArrayList<>(List.of(DenoiseStep.X));
    for (int i = 0; i < sampler.history(); i++) {
      names.add(DenoiseStep.history(i));
    }
    return names;
  }

  private static float[] part(float[] all, int from, int count, Shape shape) {
    float[] part = new float[Math.toIntExact(shape.numel())];
    System.arraycopy(all, from, part, 0, count);
    return part;
  }

  /** The classes of a portion, then as many null classes under guidance. */
  static long[] labels(SampleRequest request, DenoiseStep step, int from) {
    DiTConfig config = step.config();
    long[] y = new long[step.rows()];
    for (int i = 0; i < step.n(); i++) {
      int image = Math.min(from + i, request.labels().size() - 1);
      y[i] = request.labels().get(image);
    }
    if (step.guidedChannels().isPresent()) {
      Arrays.fill(y, step.n(), 2 * step.n(), config.nullClass());
    }
    return y;
  }

  @Override
  public void close() {
    usual.executable().close();
    unguided.ifPresent(c -> c.executable().close());
  }
}
