package org.jdit.dit.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jdit.diffusion.ClassifierFreeGuidance;
import org.jdit.diffusion.Denoiser;
import org.jdit.nn.Weights;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.testkit.ReferenceData;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The network computes what the official code computes with the same weights. */
@Tag("ladder")
class DiTForwardTest {
  /** Two torch releases differ by 1e-6 of the largest value; float32 against float64 8e-7. */
  private static final Tolerance FORWARD = Tolerance.relToMax(1e-5);

  /** Guidance subtracts two predictions and multiplies their errors by the scale. */
  private static final Tolerance GUIDED = Tolerance.relToMax(2e-5);

  private final ReferenceData data = ReferenceData.resource("dit_forward.safetensors");
  private final DiTConfig config = TinyDiT.config();

  @ParameterizedTest
  @EnumSource
  void forwardAndEveryInnerValueMatch(Engine engine) {
    Program program =
        Program.trace(
            t ->
                t.output(
                    "out",
                    new DiT(config, Weights.params(t))
                        .forward(
                            t.input("x", data.spec("x")),
                            t.input("t", TimestepFeatures.spec(3)),
                            t.input("y", data.spec("y")),
                            (name, value) -> t.output("act/" + name, value.get()))));
    try (Backend backend = engine.open();
        TensorScope scope = TensorScope.open(backend.memory())) {
      Map<String, Tensor> out =
          Engine.run(backend, program, TinyDiT.weights(), inputs(scope, "t"), scope);
      data.assertClose("out", out.get("out"), FORWARD);
      for (String key : data.keys()) {
        // The time features are an input; TimestepFeaturesTest is about them.
        if (key.startsWith("act/") && !key.equals("act/t_freq")) {
          data.assertClose(key, out.get(key), FORWARD);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void listeningDoesNotChangeTheResultAndFractionalTimesWork(Engine engine) {
    Program program =
        Program.trace(
            t ->
                t.output(
                    "out",
                    new DiT(config, Weights.params(t))
                        .forward(
                            t.input("x", data.spec("x")),
                            t.input("t", TimestepFeatures.spec(3)),
                            t.input("y", data.spec("y")))));
    try (Backend backend = engine.open();
        TensorScope scope = TensorScope.open(backend.memory())) {
      data.assertClose(
          "out",
          Engine.run(backend, program, TinyDiT.weights(), inputs(scope, "t"), scope).get("out"),
          FORWARD);
      data.assertClose(
          "out_t_frac",
          Engine.run(backend, program, TinyDiT.weights(), inputs(scope, "t_frac"), scope)
              .get("out"),
          FORWARD);
    }
  }

  private Map<String, Tensor> inputs(TensorScope scope, String times) {
    return Map.of(
        "x", data.tensor("x", scope),
        "t", TimestepFeatures.of(scope, Numerics.OFFICIAL, data.doubles(times)),
        "y", data.tensor("y", scope));
  }

  @ParameterizedTest
  @EnumSource
  void guidanceMatchesAtBothScales(Engine engine) {
    Program program =
        Program.trace(
            t -> {
              Tensor x = t.input("x", data.spec("cfg/x"));
              Tensor features = t.input("t", TimestepFeatures.spec(2));
              Tensor scale = t.input("scale", new Spec(Shape.SCALAR, DType.F32));
              Denoiser both =
                  new DiT(config, Weights.params(t)).pairDenoiser(t.input("y", data.spec("cfg/y")));
              t.output(
                  "official",
                  ClassifierFreeGuidance.OFFICIAL.doubled(both, scale).predict(x, features));
              t.output(
                  "first half",
                  ClassifierFreeGuidance.OFFICIAL
                      .over(both, scale)
                      .predict(x.slice(0, 0, 2), features));
            });
    try (Backend backend = engine.open();
        TensorScope scope = TensorScope.open(backend.memory())) {
      double[] t = {data.doubles("cfg/t")[0], data.doubles("cfg/t")[1]};
      for (String key : new String[] {"cfg/out_4.0", "cfg/out_1.5"}) {
        float scale = Float.parseFloat(key.substring(key.indexOf('_') + 1));
        Map<String, Tensor> inputs =
            Map.of(
                "x", data.tensor("cfg/x", scope),
                "t", TimestepFeatures.of(scope, Numerics.OFFICIAL, t),
                "y", data.tensor("cfg/y", scope),
                "scale", scope.of(Shape.SCALAR, scale));
        Map<String, Tensor> out = Engine.run(backend, program, TinyDiT.weights(), inputs, scope);
        data.assertClose(key, out.get("official"), GUIDED);
        GUIDED.assertClose(key, out.get("first half"), data.tensor(key, scope).slice(0, 0, 2));
      }
    }
  }

  /** A network without learned variance, which takes times between the integers. */
  @ParameterizedTest
  @EnumSource
  void aNetworkWithoutVarianceMatches(Engine engine) {
    ReferenceData flow = ReferenceData.resource("flow.safetensors");
    ReferenceFile weights = ReferenceFile.of("flow_weights.safetensors");
    DiTConfig velocity =
        Recognition.of(
                weights,
                new Recognition.Wishes(
                    Optional.empty(), OptionalInt.empty(), OptionalInt.of(config.numHeads())))
            .config();
    assertThat(velocity.learnSigma()).isFalse();
    Program program =
        Program.trace(
            t ->
                t.output(
                    "prediction",
                    new DiT(velocity, Weights.params(t))
                        .forward(
                            t.input("x", flow.spec("xt")),
                            t.input("t", TimestepFeatures.spec(3)),
                            t.input("y", flow.spec("y")))));
    double[] times = Arrays.stream(flow.doubles("t")).map(t -> (float) t * 1000f).toArray();
    try (Backend backend = engine.open();
        TensorScope scope = TensorScope.open(backend.memory())) {
      Map<String, Tensor> inputs =
          Map.of(
              "x", flow.tensor("xt", scope),
              "t", TimestepFeatures.of(scope, Numerics.OFFICIAL, times),
              "y", flow.tensor("y", scope));
      flow.assertClose(
          "prediction",
          Engine.run(backend, program, weights, inputs, scope).get("prediction"),
          FORWARD);
    }
  }

  /** diffusers' own network with the same weights: other frequencies, other eps before the MLP. */
  @ParameterizedTest
  @EnumSource
  void diffusersNumericsMatch(Engine engine) {
    ReferenceData theirs = ReferenceData.resource("diffusers/dit_forward.safetensors");
    Program program =
        Program.trace(
            t ->
                t.output(
                    "out",
                    new DiT(config.with(Numerics.DIFFUSERS), Weights.params(t))
                        .forward(
                            t.input("x", theirs.spec("x")),
                            t.input("t", TimestepFeatures.spec(3)),
                            t.input("y", theirs.spec("y")),
                            (name, value) -> t.output("act/" + name, value.get()))));
    try (Backend backend = engine.open();
        TensorScope scope = TensorScope.open(backend.memory())) {
      Map<String, Tensor> inputs =
          Map.of(
              "x", theirs.tensor("x", scope),
              "t", TimestepFeatures.of(scope, Numerics.DIFFUSERS, theirs.doubles("t")),
              "y", theirs.tensor("y", scope));
      Map<String, Tensor> out = Engine.run(backend, program, TinyDiT.weights(), inputs, scope);
      theirs.assertClose("out", out.get("out"), FORWARD);
      theirs.assertClose("act/blocks.0", out.get("act/blocks.0"), FORWARD);
      theirs.assertClose("act/blocks.1", out.get("act/blocks.1"), FORWARD);
    }
  }

  @ParameterizedTest
  @EnumSource
  void unpatchifyPutsPatchesWhereTheyCameFrom(Engine engine) {
    try (Backend backend = engine.open();
        TensorScope scope = backend.openScope()) {
      Tensor tokens = data.tensor("unpatchify/in", scope);
      data.assertClose("unpatchify/out", PatchEmbed.unpatchify(tokens, 2, 4), Tolerance.EXACT);
    }
  }
}
