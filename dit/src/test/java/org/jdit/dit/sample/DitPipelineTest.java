package org.jdit.dit.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jdit.diffusion.DiffusionOptions;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.sampler.Sampler;
import org.jdit.diffusion.sampler.Samplers;
import org.jdit.diffusion.sampler.SamplingLoop;
import org.jdit.dit.model.Recognition;
import org.jdit.dit.model.Space;
import org.jdit.dit.model.TinyDiT;
import org.jdit.tensor.JditException;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.random.TorchGenerator;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Backends;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the pipeline decides by itself. */
class DitPipelineTest {
  private static SampleRequest request(String sampler, String steps) {
    return SampleRequest.of(1, 2).with(sampler, steps).withGuidance(1);
  }

  private static float[] latents(Space space, SampleRequest request, Listener listener) {
    Recognition recognition = new Recognition(TinyDiT.config(), space, false, List.of());
    try (Backend backend = Backends.cpu();
        Model model = new Model(TinyDiT.weights(), recognition, Optional.empty());
        DitPipeline pipeline = new DitPipeline(backend, model)) {
      return pipeline.latents(request, listener);
    }
  }

  private static float largest(Space space, String sampler) {
    float largest = 0;
    for (float value : latents(space, request(sampler, "4"), Listener.NONE)) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }

  private static float[] dumped(String sampler, String value) {
    Recognition recognition = new Recognition(TinyDiT.config(), Space.LATENT, false, List.of());
    try (Backend backend = Backends.cpu();
        Model model = new Model(TinyDiT.weights(), recognition, Optional.empty());
        DitPipeline pipeline = new DitPipeline(backend, model);
        TensorScope scope = TensorScope.open(backend.memory())) {
      return pipeline.activations(request(sampler, "4"), scope).get(value).toFloats();
    }
  }

  /** The first step of both is x + (σ₁ − σ₀) · out, so it tells what the network gave in it. */
  @ParameterizedTest
  @ValueSource(strings = {"euler", "heun"})
  void theDumpedOutputIsThatOfTheFirstStep(String name) {
    Sampler sampler =
        Samplers.named(
            name,
            GaussianDiffusion.create(DiffusionOptions.DEFAULT),
            Samplers.Request.ofSteps("4"));
    float[] out = dumped(name, "out");
    List<float[]> shown = new ArrayList<>();
    Listener listener =
        new Listener() {
          @Override
          public void sampled(int done, int total, Supplier<float[]> latents) {
            shown.add(latents.get());
          }
        };
    float[] end = latents(Space.LATENT, request(name, "4"), listener);
    float[] start = SamplingLoop.start(sampler, new TorchGenerator(0), end.length);
    double scale = sampler.displayScale(0);
    double step = Math.sqrt(1 / (scale * scale) - 1) - sampler.initialScale();
    assertThat(sampler.initialScale()).isGreaterThan(100);
    for (int i = 0; i < end.length / 2; i++) {
      double next = shown.getFirst()[i] / scale;
      assertThat((next - start[i]) / step).isCloseTo(out[i], within(1e-3));
    }
  }

  /** At the first step all samplers show the network much the same. */
  @ParameterizedTest
  @ValueSource(strings = {"euler", "euler-ancestral", "heun", "dpm++2m", "unipc"})
  void theDumpedInputIsWhatTheNetworkSees(String name) {
    float[] expected = dumped("ddpm", "x");
    float[] x = dumped(name, "x");
    for (int i = 0; i < x.length; i++) {
      assertThat(x[i]).isCloseTo(expected[i], within(1e-3f));
    }
  }

  /** The latents after every step of ddim at timesteps 999, 666, 333 and 0. */
  private static List<float[]> steps(Guidance guidance, int batch) {
    List<float[]> steps = new ArrayList<>();
    Listener listener =
        new Listener() {
          @Override
          public void sampled(int done, int total, Supplier<float[]> latents) {
            steps.add(latents.get());
          }
        };
    SampleRequest four = SampleRequest.of(1, 2, 3).with("ddim", "4").withBatch(batch);
    latents(Space.LATENT, four.with(guidance), listener);
    return steps;
  }

  @Test
  void guidanceKeepsToItsInterval() {
    Guidance strong = Guidance.ofScale(4);
    List<float[]> guided = steps(strong, 0);
    List<float[]> unguided = steps(Guidance.NONE, 0);
    assertThat(steps(strong.within(0.3, 1), 0).get(2)).isEqualTo(guided.get(2));
    List<float[]> late = steps(strong.within(0, 0.5), 0);
    assertThat(late.get(1)).isEqualTo(unguided.get(1)).isNotEqualTo(guided.get(1));
    assertThat(late.get(2)).isNotEqualTo(unguided.get(2));
    assertThat(steps(strong.within(0.4, 0.5), 0).getLast()).isEqualTo(unguided.getLast());
    assertThat(steps(strong.within(0, 0.5), 2).getLast()).isEqualTo(late.getLast());
  }

  @Test
  void anIntervalOutsideTheChainIsRefused() {
    Guidance strong = Guidance.ofScale(4);
    for (double[] ends : new double[][] {{-0.1, 1}, {0, 1.1}, {0.6, 0.5}, {Double.NaN, 1}}) {
      assertThatThrownBy(() -> strong.within(ends[0], ends[1]))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("lies within 0 and 1");
    }
  }

  /** The last step of both gives the predicted image itself. */
  @ParameterizedTest
  @ValueSource(strings = {"ddpm", "ddim"})
  void predictedImagesAreClippedOnPixelsAndNotOnLatents(String sampler) {
    assertThat(largest(Space.PIXEL, sampler)).isLessThanOrEqualTo(1);
    assertThat(largest(Space.LATENT, sampler)).isGreaterThan(2);
  }
}
