package org.jdit.diffusion.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jdit.diffusion.Denoiser;
import org.jdit.diffusion.DiffusionOptions;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.LossType;
import org.jdit.diffusion.MeanType;
import org.jdit.diffusion.VarianceType;
import org.jdit.diffusion.schedule.Quantity;
import org.jdit.diffusion.schedule.TimestepSpacing;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.random.TorchGenerator;
import org.jdit.tensor.testkit.ReferenceBackend;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for samplers of any name. */
class SamplersTest {
  private static final Shape IMAGE = Shape.of(1, 1, 2, 2);

  private final GaussianDiffusion trained = of(MeanType.EPSILON, VarianceType.FIXED_SMALL);
  private final ReferenceBackend backend = ReferenceBackend.rounding();
  private final TensorScope scope = backend.openScope();

  @AfterEach
  void close() {
    scope.close();
    backend.close();
  }

  private static GaussianDiffusion of(MeanType mean, VarianceType variance) {
    return new GaussianDiffusion(
        GaussianDiffusion.create(DiffusionOptions.DEFAULT).schedule(),
        mean,
        variance,
        LossType.MSE);
  }

  static Stream<String> names() {
    return Samplers.all().stream().map(Samplers.Entry::name);
  }

  /**
   * A network that knows the one image there is predicts the noise; its timestep is (√ᾱ, √(1-ᾱ)).
   */
  @ParameterizedTest
  @MethodSource("names")
  void endsAtTheImageThatTheNetworkKnows(String name) {
    Tensor image = scope.of(IMAGE, 0.5f, -1, 0.25f, 2);
    Denoiser knows = (x, t) -> x.sub(image.mul(t.slice(1, 0, 1))).div(t.slice(1, 1, 1));
    for (String steps : List.of("2", "7", "20")) {
      Sampler sampler = Samplers.named(name, trained, Samplers.Request.ofSteps(steps));
      Tensor end = run(sampler, knows, new TorchGenerator(3));
      // Float32 steps that begin with noise 157 times the image.
      new Tolerance(1e-4, 0).assertClose(name + " in " + steps, end, image);
    }
  }

  /** Predicting the image and predicting the noise in it lead along the same path. */
  @ParameterizedTest
  @MethodSource("names")
  void anImagePredictedIsAsGoodAsItsNoise(String name) {
    GaussianDiffusion images = of(MeanType.START_X, VarianceType.FIXED_SMALL);
    Denoiser noise = (x, t) -> x.mul(0.7).add(t.slice(1, 0, 1).mul(0.1));
    Denoiser image =
        (x, t) -> x.sub(noise.predict(x, t).mul(t.slice(1, 1, 1))).div(t.slice(1, 0, 1));
    Samplers.Request r = Samplers.Request.ofSteps("9");
    Tensor by = run(Samplers.named(name, trained, r), noise, new TorchGenerator(3));
    Tensor as = run(Samplers.named(name, images, r), image, new TorchGenerator(3));
    // Images divided by √ᾱ, 0.006 at first, and multiplied by it again.
    Tolerance.relToMax(1e-4).assertClose(name, as, by);
  }

  private Tensor run(Sampler sampler, Denoiser model, TorchGenerator generator) {
    List<Tensor> history = new ArrayList<>();
    for (int i = 0; i < sampler.history(); i++) {
      history.add(scope.of(IMAGE, 0f, 0f, 0f, 0f));
    }
    Sampler.State[] state = {
      new Sampler.State(scope.of(IMAGE, SamplingLoop.start(sampler, generator, 4)), history)
    };
    SamplingLoop.run(
        sampler,
        4,
        SamplingLoop.noise(generator, 4, 4),
        (t, c, noise) ->
            state[0] =
                sampler.step(
                    model,
                    state[0],
                    signalAndNoise(t),
                    scope.of(Shape.of(1, c.length, 1, 1), c),
                    scope.of(IMAGE, noise)),
        _ -> {});
    return state[0].x();
  }

  /** √ᾱ and √(1-ᾱ) of a timestep; between two timesteps by the noise level that lies between. */
  private Tensor signalAndNoise(double t) {
    int low = (int) Math.min(t, 998);
    double below = trained.schedule().at(Quantity.SQRT_RECIPM1_ALPHA_BAR, low);
    double above = trained.schedule().at(Quantity.SQRT_RECIPM1_ALPHA_BAR, low + 1);
    double sigma = below + (t - low) * (above - below);
    double alpha = 1 / Math.sqrt(1 + sigma * sigma);
    return scope.of(Shape.of(1, 2, 1, 1), (float) alpha, (float) (alpha * sigma));
  }

  @ParameterizedTest
  @MethodSource("names")
  void everyStepHasAsManyCoefficientsAndFallingTimesteps(String name) {
    Sampler sampler = Samplers.named(name, trained, Samplers.Request.ofSteps("10"));
    int columns = sampler.coefficients(0).length;
    for (int i = 1; i < sampler.steps(); i++) {
      assertThat(sampler.coefficients(i)).hasSize(columns);
      assertThat(sampler.timestep(i)).isLessThanOrEqualTo(sampler.timestep(i - 1));
    }
    assertThat(sampler.steps()).isEqualTo(name.equals("heun") ? 19 : 10);
  }

  @ParameterizedTest
  @ValueSource(strings = {"dpm++2m", "dpm++3m", "dpm++2m-sde", "unipc", "euler", "heun"})
  void oneStepIsEnoughForASolver(String name) {
    for (boolean karras : new boolean[] {false, true}) {
      Samplers.Request one =
          new Samplers.Request("1", Optional.of(TimestepSpacing.TRAILING), 0, karras, false);
      Sampler sampler = Samplers.named(name, trained, one);
      assertThat(sampler.steps()).isEqualTo(1);
      assertThat(sampler.timestep(0)).isEqualTo(999);
      for (float c : sampler.coefficients(0)) {
        assertThat(c).isFinite();
      }
    }
  }

  @Test
  void anUnknownNameIsRefusedWithTheKnownOnes() {
    assertThatThrownBy(() -> Samplers.named("plms", trained, Samplers.Request.ofSteps("10")))
        .isInstanceOf(JditException.class)
        .hasMessageStartingWith("no sampler is called plms; there are ddpm, ddim, dpm++2m");
  }

  @ParameterizedTest
  @MethodSource("names")
  void whatIsOnItsWayHasTheVarianceOfNoiseAndEndsAsItIs(String name) {
    Sampler sampler = Samplers.named(name, trained, Samplers.Request.ofSteps("10"));
    Denoiser allNoise = (x, _) -> x;
    Tensor x = scope.of(IMAGE, 1f, 1f, 1f, 1f).mul(sampler.initialScale());
    float[] c = sampler.coefficients(0);
    List<Tensor> history = Collections.nCopies(sampler.history(), x.mul(0));
    Sampler.State next =
        sampler.step(
            allNoise,
            new Sampler.State(x, history),
            signalAndNoise(sampler.timestep(0)),
            scope.of(Shape.of(1, c.length, 1, 1), c),
            x.mul(0));
    // One step of ten takes away some of the noise, but far from nine tenths of it.
    float shown = next.x().mul(sampler.displayScale(0)).toFloats()[0];
    assertThat(Math.abs(shown)).isBetween(0.1f, 1.01f);
    assertThat(sampler.displayScale(sampler.steps() - 1)).isEqualTo(1);
  }

  @ParameterizedTest
  @MethodSource("names")
  void theNetworkSeesNoiseOfUnitVarianceAtTheInputScale(String name) {
    Sampler sampler = Samplers.named(name, trained, Samplers.Request.ofSteps("10"));
    Tensor x = scope.of(IMAGE, SamplingLoop.start(sampler, new TorchGenerator(3), 4));
    float[] c = sampler.coefficients(0);
    List<Tensor> seen = new ArrayList<>();
    Denoiser watched =
        (input, _) -> {
          seen.add(input);
          return input;
        };
    sampler.step(
        watched,
        new Sampler.State(x, Collections.nCopies(sampler.history(), x.mul(0))),
        signalAndNoise(sampler.timestep(0)),
        scope.of(Shape.of(1, c.length, 1, 1), c),
        x.mul(0));
    float scale = (float) sampler.inputScale(0);
    assertThat(seen.getFirst().toFloats()).isEqualTo(x.mul(scale).toFloats());
    Tensor noise = scope.of(IMAGE, new TorchGenerator(3).randn(4));
    // With σ about 157, σ / √(σ² + 1) is 1 less 2e-5.
    new Tolerance(1e-4, 0).assertClose(name, seen.getFirst(), noise);
  }

  @Test
  void namesDiffer() {
    assertThat(names()).doesNotHaveDuplicates();
  }

  @Test
  void solversTakeACountAndNoList() {
    assertThatThrownBy(() -> Samplers.named("unipc", trained, Samplers.Request.ofSteps("ddim25")))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("ddim25 is not a number of sampling steps");
  }

  @ParameterizedTest
  @MethodSource("names")
  void noStepsAreRefusedInWords(String name) {
    for (Optional<TimestepSpacing> spacing :
        List.of(
            Optional.<TimestepSpacing>empty(),
            Optional.of(TimestepSpacing.LEADING),
            Optional.of(TimestepSpacing.TRAILING))) {
      Samplers.Request none = new Samplers.Request("0", spacing, 0, false, false);
      assertThatThrownBy(() -> Samplers.named(name, trained, none))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("0");
    }
  }

  @Test
  void solversNeedANetworkThatPredictsNoiseOrTheImage() {
    GaussianDiffusion other = of(MeanType.PREVIOUS_X, VarianceType.FIXED_SMALL);
    assertThatThrownBy(() -> Samplers.named("euler", other, Samplers.Request.ofSteps("10")))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("PREVIOUS_X");
  }

  @Test
  void theOfficialSamplersTakeRespacingTexts() {
    Sampler ddim = Samplers.named("ddim", trained, Samplers.Request.ofSteps("ddim25"));
    assertThat(ddim.steps()).isEqualTo(25);
    assertThat(ddim.timestep(0)).isEqualTo(960);
    Sampler ddpm = Samplers.named("ddpm", trained, Samplers.Request.ofSteps("10,15,20"));
    assertThat(ddpm.steps()).isEqualTo(45);
    assertThat(ddpm.timestep(0)).isEqualTo(999);
  }

  @Test
  void clippingLimitsThePredictedImage() {
    Denoiser zero = (x, _) -> x.mul(0);
    Samplers.Request clipped = new Samplers.Request("5", Optional.empty(), 0, false, true);
    Tensor end = run(Samplers.named("ddim", trained, clipped), zero, new TorchGenerator(3));
    // Without noise predicted the image grows by 1/√ᾱ at every step; clipped it ends in [-1, 1].
    for (float v : end.toFloats()) {
      assertThat(Math.abs(v)).isLessThanOrEqualTo(1);
    }
  }

  @Test
  void ddimWithEtaOneIsAncestralSampling() {
    Denoiser model = (x, _) -> x.mul(0.7);
    Samplers.Request eta1 = new Samplers.Request("9", Optional.empty(), 1, false, false);
    Tensor ddim = run(Samplers.named("ddim", trained, eta1), model, new TorchGenerator(3));
    Tensor ddpm = run(Samplers.named("ddpm", trained, eta1), model, new TorchGenerator(3));
    // The same formula in two float32 arrangements.
    Tolerance.relToMax(1e-5).assertClose("x", ddim, ddpm);
  }

  @Test
  void aGradientMovesTheMeanByTheVariance() {
    GaussianDiffusion d = trained.on(trained.schedule());
    Tensor gradient = scope.of(IMAGE, 1f, -2f, 3f, 0f);
    Denoiser model = (x, _) -> x.mul(0.7);
    DdpmSampler plain = new DdpmSampler(d, x -> x);
    DdpmSampler steered = new DdpmSampler(d, x -> x, Optional.of((_, _) -> gradient));
    Tensor moved = oneStep(steered, model).sub(oneStep(plain, model));
    double variance = d.schedule().at(Quantity.POSTERIOR_VARIANCE, 999);
    // The difference of two numbers around 1.
    new Tolerance(5e-7, 0).assertClose("moved", moved, gradient.mul(variance));
  }

  @Test
  void aGradientMovesTheScore() {
    Tensor gradient = scope.of(IMAGE, 1f, -2f, 3f, 0f);
    Denoiser model = (x, _) -> x.mul(0.7);
    double noise = trained.schedule().at(Quantity.SQRT_ONE_MINUS_ALPHA_BAR, 999);
    Denoiser moved = (x, _) -> x.mul(0.7).sub(gradient.mul(noise));
    DdimSampler steered = new DdimSampler(trained, 0, x -> x, Optional.of((_, _) -> gradient));
    DdimSampler plain = new DdimSampler(trained, 0, x -> x);
    // The image predicted from noise 157 times as strong is taken back to noise and on.
    new Tolerance(1e-4, 0).assertClose("x", oneStep(steered, model), oneStep(plain, moved));
  }

  private Tensor oneStep(Sampler sampler, Denoiser model) {
    float[] c = sampler.coefficients(0);
    return sampler
        .step(
            model,
            new Sampler.State(scope.of(IMAGE, 0.1f, 0.2f, -0.3f, 1), List.of()),
            scope.of(Shape.SCALAR, 0f),
            scope.of(Shape.of(1, c.length, 1, 1), c),
            scope.of(IMAGE, 0.5f, -0.5f, 1, -1))
        .x();
  }
}
