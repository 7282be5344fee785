package org.jdit.dit.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.jdit.diffusion.Coefficients;
import org.jdit.diffusion.DiffusionOptions;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.loss.TrainingLosses;
import org.jdit.nn.Weights;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.autodiff.Autodiff;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.testkit.ReferenceBackend;
import org.jdit.tensor.testkit.ReferenceData;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Losses and the gradient of every weight equal those of the official training. */
@Tag("ladder")
class TrainingGradientsTest {
  /** float32 against float64, and two torch releases: 1e-7 of the largest value. */
  private static final Tolerance LOSS = Tolerance.relToMax(2e-6);

  /** Two torch releases differ by 8e-6 through the time features. */
  private static final Tolerance GRADIENT = Tolerance.relToMax(5e-5);

  /**
   * The likelihood of t = 0 takes the logarithm of a difference of two nearly equal float32
   * numbers: float32 and float64 differ by 9e-3.
   */
  private static final Tolerance LIKELIHOOD = Tolerance.relToMax(2e-2);

  private final ReferenceData data = ReferenceData.resource("training.safetensors");
  private final DiTConfig config = TinyDiT.config();

  private static GaussianDiffusion diffusion(
      boolean useKl, boolean predictXStart, boolean rescaleLearnedSigmas) {
    return GaussianDiffusion.create(
        new DiffusionOptions(
            "", "linear", useKl, false, predictXStart, true, rescaleLearnedSigmas, 1000));
  }

  /** The recorded gradients of a case, by weight. */
  private List<String> recorded(String prefix) {
    return data.keys().stream()
        .filter(k -> k.startsWith(prefix))
        .map(k -> k.substring(prefix.length()))
        .toList();
  }

  private Map<String, Tensor> run(
      Backend backend,
      GaussianDiffusion diffusion,
      List<String> weights,
      long[] t,
      long[] y,
      TensorScope scope) {
    Program losses =
        Program.trace(
            trace -> {
              TrainingLosses terms =
                  TrainingLosses.of(
                      diffusion,
                      new DiT(config, Weights.params(trace))
                          .denoiser(trace.input("y", data.spec("y"))),
                      trace.input("x_start", data.spec("x_start")),
                      trace.input("t", TimestepFeatures.spec(t.length)),
                      new Coefficients(trace.input("c", Coefficients.spec(t.length))),
                      trace.input("noise", data.spec("noise")));
              trace.output("mean", terms.loss().mean());
              trace.output("loss", terms.loss());
              terms.mse().ifPresent(mse -> trace.output("mse", mse));
              terms.vb().ifPresent(vb -> trace.output("vb", vb));
            });
    int[] steps = LongStream.of(t).mapToInt(Math::toIntExact).toArray();
    double[] times = LongStream.of(t).asDoubleStream().toArray();
    Map<String, Tensor> inputs = new HashMap<>();
    inputs.put("x_start", data.tensor("x_start", scope));
    inputs.put("noise", data.tensor("noise", scope));
    inputs.put("y", scope.of(data.shape("y"), y));
    inputs.put("t", TimestepFeatures.of(scope, Numerics.OFFICIAL, times));
    inputs.put(
        "c", scope.of(Coefficients.spec(t.length).shape(), diffusion.schedule().rows(steps)));
    Program gradients = Autodiff.valueAndGrad(losses, weights);
    return Engine.run(backend, gradients, TinyDiT.weights(), inputs, scope);
  }

  private void assertMatches(Backend backend, String name, GaussianDiffusion diffusion, long[] y) {
    List<String> weights = recorded(name + "/grad/");
    try (TensorScope scope = TensorScope.open(backend.memory())) {
      Map<String, Tensor> out = run(backend, diffusion, weights, data.longs("t"), y, scope);
      for (String term : List.of("loss", "mse", "vb")) {
        if (data.has(name + "/" + term)) {
          data.assertClose(name + "/" + term, out.get(term), LOSS);
        }
      }
      for (String w : weights) {
        data.assertClose(name + "/grad/" + w, out.get("grad." + w), GRADIENT);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void theGradientOfEveryWeightMatches(Engine engine) {
    // The position table is not trained.
    assertThat(recorded("nodrop/grad/"))
        .containsExactlyInAnyOrderElementsOf(
            DiT.stateDict(config).shapes().keySet().stream()
                .filter(k -> !k.equals("pos_embed"))
                .toList());
    try (Backend backend = engine.open()) {
      assertMatches(backend, "nodrop", diffusion(false, false, false), data.longs("y"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void droppedLabelsTrainTheNullClass(Engine engine) {
    long[] y = data.longs("y");
    long[] dropped = data.longs("drop/drop_ids");
    for (int i = 0; i < y.length; i++) {
      y[i] = dropped[i] == 1 ? config.nullClass() : y[i];
    }
    assertThat(dropped).contains(1);
    try (Backend backend = engine.open()) {
      assertMatches(backend, "drop", diffusion(false, false, false), y);
    }
  }

  @ParameterizedTest
  @EnumSource
  void otherLossesMatch(Engine engine) {
    try (Backend backend = engine.open()) {
      assertMatches(backend, "use_kl", diffusion(true, false, false), data.longs("y"));
      assertMatches(backend, "rescaled_mse", diffusion(false, false, true), data.longs("y"));
      assertMatches(backend, "predict_xstart", diffusion(false, true, false), data.longs("y"));
    }
  }

  private Map<String, Tensor> first(Backend backend, List<String> weights, TensorScope scope) {
    return run(
        backend,
        diffusion(false, false, false),
        weights,
        data.longs("t0/t"),
        data.longs("y"),
        scope);
  }

  @ParameterizedTest
  @EnumSource
  void theLikelihoodOfTheFirstTimestepMatches(Engine engine) {
    try (Backend backend = engine.open();
        TensorScope scope = TensorScope.open(backend.memory())) {
      Map<String, Tensor> out = first(backend, List.of(), scope);
      data.assertClose("t0/mse", out.get("mse"), LOSS);
      data.assertClose("t0/vb", out.get("vb"), LIKELIHOOD);
    }
  }

  /** Its gradients are a matter of rounding in float32, so their rule is shown in double. */
  @Test
  void theGradientOfTheFirstTimestepMatchesInDoublePrecision() {
    List<String> weights = recorded("t0/grad/");
    assertThat(weights).isNotEmpty();
    try (Backend backend = new ReferenceBackend();
        TensorScope scope = TensorScope.open(backend.memory())) {
      Map<String, Tensor> out = first(backend, weights, scope);
      for (String w : weights) {
        data.assertClose("t0/grad_f64/" + w, out.get("grad." + w), GRADIENT);
      }
    }
  }
}
