package org.jdit.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jdit.diffusion.schedule.NoiseSchedule;
import org.jdit.diffusion.schedule.Respacing;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.testkit.ReferenceBackend;
import org.jdit.tensor.testkit.ReferenceData;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Every single-step function equals the official one against a fixed network output. */
class GaussianDiffusionTest {
  // Float32 with the same formulas; two torch versions differ by 2e-7 of the largest value.
  private static final Tolerance FLOAT32 = Tolerance.relToMax(2e-6);

  private final ReferenceData data = ReferenceData.resource("diffusion_steps.safetensors");
  private final ReferenceBackend backend = ReferenceBackend.rounding();
  private final TensorScope scope = backend.openScope();
  private final Tensor xStart = data.tensor("x_start", scope);
  private final Tensor x = data.tensor("x_t", scope);
  private final Tensor noise = data.tensor("noise", scope);
  private final Tensor output = data.tensor("model_output", scope);

  @AfterEach
  void freeEverything() {
    scope.close();
    assertThat(backend.memory().liveBytes()).isZero();
    backend.close();
  }

  static Stream<JsonNode> predictions() {
    return ReferenceData.json("diffusion_steps.json")
        .get("cases")
        .valueStream()
        .filter(c -> c.get("fn").asString().equals("p_mean_variance"));
  }

  @ParameterizedTest
  @MethodSource("predictions")
  void predictsMeanVarianceAndImage(JsonNode recorded) {
    VarianceType variance = VarianceType.valueOf(recorded.get("var_type").asString());
    String respacing = recorded.get("respacing").asString();
    GaussianDiffusion d =
        new GaussianDiffusion(
            schedule(respacing),
            MeanType.valueOf(recorded.get("mean_type").asString()),
            variance,
            LossType.MSE);
    Coefficients c = coefficients(d, timesteps(d));
    UnaryOperator<Tensor> denoised =
        recorded.get("clip_denoised").asBoolean()
            ? GaussianDiffusion.CLIP
            : UnaryOperator.identity();
    Tensor out = variance.isLearned() ? output : output.slice(1, 0, 3);

    Prediction p = d.predict(out, x, c, denoised);

    String name = recorded.get("name").asString();
    data.assertClose(name + "/mean", p.previous().mean(), FLOAT32);
    data.assertClose(name + "/pred_xstart", p.xStart(), FLOAT32);
    if (data.has(name + "/variance")) {
      data.assertClose(name + "/variance", full(p.previous().variance()), FLOAT32);
      data.assertClose(name + "/log_variance", full(p.previous().logVariance()), FLOAT32);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "50"})
  void noisesImages(String respacing) {
    GaussianDiffusion d = official(respacing);
    Coefficients c = coefficients(d, timesteps(d));
    String at = "/" + d.schedule().steps();

    Gaussian q = d.qMeanVariance(xStart, c);
    data.assertClose("q_mean_variance" + at + "/mean", q.mean(), FLOAT32);
    data.assertClose("q_mean_variance" + at + "/variance", full(q.variance()), FLOAT32);
    data.assertClose("q_mean_variance" + at + "/log_variance", full(q.logVariance()), FLOAT32);
    data.assertClose("q_sample" + at, d.qSample(xStart, noise, c), FLOAT32);
    Gaussian posterior = d.qPosterior(xStart, x, c);
    data.assertClose("q_posterior" + at + "/mean", posterior.mean(), FLOAT32);
    data.assertClose("q_posterior" + at + "/variance", full(posterior.variance()), FLOAT32);
    data.assertClose(
        "q_posterior" + at + "/log_variance_clipped", full(posterior.logVariance()), FLOAT32);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "50"})
  void takesAncestralSteps(String respacing) {
    GaussianDiffusion d = official(respacing);
    String at = "p_sample/" + d.schedule().steps();
    pSample(d, at + "/plain", GaussianDiffusion.CLIP, Optional.empty());
    pSample(d, at + "/noclip", UnaryOperator.identity(), Optional.empty());
    pSample(d, at + "/cond", UnaryOperator.identity(), Optional.of(gradient(d)));
    UnaryOperator<Tensor> halfThenClip = v -> GaussianDiffusion.CLIP.apply(v.mul(0.5));
    pSample(d, at + "/denoised_fn", halfThenClip, Optional.empty());
  }

  private void pSample(
      GaussianDiffusion d, String key, UnaryOperator<Tensor> denoised, Optional<Tensor> gradient) {
    Coefficients c = coefficients(d, timesteps(d));
    Prediction plain = d.predict(output, x, c, denoised);
    Prediction p = gradient.map(g -> d.conditionMean(plain, g)).orElse(plain);
    data.assertClose(key + "/pred_xstart", p.xStart(), FLOAT32);
    data.assertClose(key + "/sample", d.pSample(p, noise, c), FLOAT32);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "50"})
  void takesDdimSteps(String respacing) {
    GaussianDiffusion d = official(respacing);
    String at = "ddim_sample/" + d.schedule().steps();
    ddimSample(d, at + "/eta0", GaussianDiffusion.CLIP, Optional.empty(), 0);
    ddimSample(d, at + "/eta0.5", UnaryOperator.identity(), Optional.empty(), 0.5);
    ddimSample(d, at + "/eta1", GaussianDiffusion.CLIP, Optional.empty(), 1);
    ddimSample(d, at + "/cond", UnaryOperator.identity(), Optional.of(gradient(d)), 0.3);
  }

  private void ddimSample(
      GaussianDiffusion d,
      String key,
      UnaryOperator<Tensor> denoised,
      Optional<Tensor> gradient,
      double eta) {
    Coefficients c = coefficients(d, timesteps(d));
    Tensor plain = d.xStart(output, x, c, denoised);
    Tensor image = gradient.map(g -> d.conditionScore(plain, g, x, c)).orElse(plain);
    data.assertClose(key + "/pred_xstart", image, FLOAT32);
    data.assertClose(key + "/sample", d.ddimSample(image, x, noise, c, eta), FLOAT32);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "50"})
  void takesReverseDdimSteps(String respacing) {
    GaussianDiffusion d = official(respacing);
    Coefficients c = coefficients(d, timesteps(d));
    String at = "ddim_reverse_sample/" + d.schedule().steps();
    Tensor clipped = d.xStart(output, x, c, GaussianDiffusion.CLIP);
    data.assertClose(at + "/plain", d.ddimReverseSample(clipped, x, c), FLOAT32);
    Tensor free = d.xStart(output, x, c, UnaryOperator.identity());
    data.assertClose(at + "/noclip", d.ddimReverseSample(free, x, c), FLOAT32);
  }

  @Test
  void optionsMeanWhatTheyMeanOfficially() {
    GaussianDiffusion d = GaussianDiffusion.create(DiffusionOptions.DEFAULT);
    assertThat(d.meanType()).isEqualTo(MeanType.EPSILON);
    assertThat(d.varianceType()).isEqualTo(VarianceType.LEARNED_RANGE);
    assertThat(d.lossType()).isEqualTo(LossType.MSE);
    assertThat(d.schedule().steps()).isEqualTo(1000);

    GaussianDiffusion kl =
        GaussianDiffusion.create(
            new DiffusionOptions("20", "linear", true, true, true, false, true, 500));
    assertThat(kl.meanType()).isEqualTo(MeanType.START_X);
    assertThat(kl.varianceType()).isEqualTo(VarianceType.FIXED_SMALL);
    assertThat(kl.lossType()).isEqualTo(LossType.RESCALED_KL);
    assertThat(kl.schedule().steps()).isEqualTo(20);
    assertThat(kl.schedule().timestep(19)).isEqualTo(499);

    GaussianDiffusion large =
        GaussianDiffusion.create(
            new DiffusionOptions("", "linear", false, false, false, false, true, 1000));
    assertThat(large.varianceType()).isEqualTo(VarianceType.FIXED_LARGE);
    assertThat(large.lossType()).isEqualTo(LossType.RESCALED_MSE);
  }

  private static GaussianDiffusion official(String respacing) {
    return GaussianDiffusion.create(DiffusionOptions.DEFAULT.withRespacing(respacing));
  }

  private static NoiseSchedule schedule(String respacing) {
    return NoiseSchedule.named("linear", 1000).respaced(Respacing.select(1000, respacing));
  }

  private int[] timesteps(GaussianDiffusion d) {
    return Arrays.stream(data.longs("t/" + d.schedule().steps())).mapToInt(t -> (int) t).toArray();
  }

  private Coefficients coefficients(GaussianDiffusion d, int... t) {
    return new Coefficients(scope.of(Coefficients.spec(t.length).shape(), d.schedule().rows(t)));
  }

  /** The recorded gradient, plus 0.001 times the timestep of the trained chain. */
  private Tensor gradient(GaussianDiffusion d) {
    double[] told = Arrays.stream(timesteps(d)).mapToDouble(d.schedule()::timestep).toArray();
    Tensor mapped = scope.of(Spec.f32(told.length, 1, 1, 1), told);
    return data.tensor("cond_grad", scope).add(mapped.mul(0.001));
  }

  private Tensor full(Tensor perImage) {
    return perImage.expand(x.shape());
  }
}
