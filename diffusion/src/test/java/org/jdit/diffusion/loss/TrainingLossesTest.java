package org.jdit.diffusion.loss;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jdit.diffusion.Coefficients;
import org.jdit.diffusion.DiffusionOptions;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.LossType;
import org.jdit.diffusion.MeanType;
import org.jdit.diffusion.VarianceType;
import org.jdit.diffusion.schedule.NoiseSchedule;
import org.jdit.diffusion.schedule.Respacing;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.autodiff.Autodiff;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.testkit.ReferenceBackend;
import org.jdit.tensor.testkit.ReferenceData;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Losses of every mean, variance and loss type equal the official ones, image by image. */
class TrainingLossesTest {
  // Means of float32 products; two torch versions differ by 2e-7 of the largest value.
  private static final Tolerance FLOAT32 = Tolerance.relToMax(2e-6);

  private final ReferenceData data = ReferenceData.resource("diffusion_steps.safetensors");
  private final ReferenceBackend backend = ReferenceBackend.rounding();
  private final TensorScope scope = backend.openScope();
  private final Tensor xStart = data.tensor("x_start", scope);
  private final Tensor noise = data.tensor("noise", scope);
  private final Tensor output = data.tensor("model_output", scope);

  @AfterEach
  void close() {
    scope.close();
    backend.close();
  }

  static Stream<JsonNode> recorded() {
    return ReferenceData.json("diffusion_steps.json")
        .get("cases")
        .valueStream()
        .filter(c -> c.get("fn").asString().equals("training_losses"));
  }

  @ParameterizedTest
  @MethodSource("recorded")
  void equalTheOfficialLosses(JsonNode recorded) {
    VarianceType variance = VarianceType.valueOf(recorded.get("var_type").asString());
    GaussianDiffusion d =
        new GaussianDiffusion(
            NoiseSchedule.named("linear", 1000)
                .respaced(Respacing.select(1000, recorded.get("respacing").asString())),
            MeanType.valueOf(recorded.get("mean_type").asString()),
            variance,
            LossType.valueOf(recorded.get("loss_type").asString()));
    Tensor out = variance.isLearned() ? output : output.slice(1, 0, 3);

    TrainingLosses losses =
        TrainingLosses.of(d, (_, _) -> out, xStart, xStart, coefficients(d, timesteps(d)), noise);

    Map<String, Tensor> terms = new LinkedHashMap<>();
    losses.vb().ifPresent(vb -> terms.put("vb", vb));
    losses.mse().ifPresent(mse -> terms.put("mse", mse));
    terms.put("loss", losses.loss());
    List<String> names = recorded.get("terms").valueStream().map(JsonNode::asString).toList();
    assertThat(terms.keySet()).containsExactlyInAnyOrderElementsOf(names);
    terms.forEach(
        (name, value) ->
            data.assertClose(recorded.get("name").asString() + "/" + name, value, FLOAT32));
  }

  @Test
  void theBoundTrainsTheVarianceOnly() {
    GaussianDiffusion d = GaussianDiffusion.create(DiffusionOptions.DEFAULT);
    Autodiff.ValueAndGrad g =
        Autodiff.valueAndGrad(
            in ->
                TrainingLosses.of(
                        d,
                        (_, _) -> in.get(0),
                        in.get(1),
                        in.get(1),
                        new Coefficients(in.get(2)),
                        in.get(3))
                    .loss()
                    .mean(),
            output,
            xStart,
            coefficients(d, timesteps(d)).rows(),
            noise);
    Tensor gradient = g.gradients().getFirst();
    // To the mean only the squared error's gradient, 2 (output - noise) / elements, may flow.
    Tensor error = output.slice(1, 0, 3).sub(noise).mul(2.0 / noise.shape().numel());
    FLOAT32.assertClose("mean", gradient.slice(1, 0, 3), error);
    assertThat(gradient.slice(1, 3, 3).toFloats()).doesNotContain(0f);
  }

  private int[] timesteps(GaussianDiffusion d) {
    return Arrays.stream(data.longs("t/" + d.schedule().steps())).mapToInt(t -> (int) t).toArray();
  }

  private Coefficients coefficients(GaussianDiffusion d, int... t) {
    return new Coefficients(scope.of(Coefficients.spec(t.length).shape(), d.schedule().rows(t)));
  }
}
