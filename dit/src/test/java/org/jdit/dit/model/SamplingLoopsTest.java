package org.jdit.dit.model;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jdit.diffusion.ClassifierFreeGuidance;
import org.jdit.diffusion.Denoiser;
import org.jdit.diffusion.DiffusionOptions;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.sampler.DdimSampler;
import org.jdit.diffusion.sampler.DdpmSampler;
import org.jdit.diffusion.sampler.Sampler;
import org.jdit.nn.Weights;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;
import org.jdit.tensor.testkit.ReferenceData;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** Whole sampling loops of the official code, with the noise that it drew, state by state. */
@Tag("ladder")
class SamplingLoopsTest {
  /**
   * Ten steps add up: float32 ends 1.3e-6 of the largest value from float64, two torch releases
   * 2.5e-6 from each other. The network is random and does not denoise, so states grow to hundreds.
   */
  private static final Tolerance STATE = Tolerance.relToMax(5e-5);

  private final ReferenceData data = ReferenceData.resource("loops.safetensors");
  private final DiTConfig config = TinyDiT.config();

  @ParameterizedTest
  @EnumSource
  void everyStateOfEveryLoopMatches(Engine engine) {
    for (JsonNode loop : ReferenceData.json("loops.json").valueStream().toList()) {
      try (Backend backend = engine.open()) {
        replay(backend, loop);
      }
    }
  }

  private static Sampler sampler(JsonNode loop) {
    GaussianDiffusion diffusion =
        GaussianDiffusion.create(
            DiffusionOptions.DEFAULT.withRespacing(loop.get("respacing").asString()));
    UnaryOperator<Tensor> denoised =
        loop.get("clip_denoised").asBoolean() ? GaussianDiffusion.CLIP : UnaryOperator.identity();
    return loop.get("kind").asString().startsWith("ddim")
        ? new DdimSampler(diffusion, loop.get("eta").asDouble(), denoised)
        : new DdpmSampler(diffusion, denoised);
  }

  /** With guidance the state has two halves, of which the network is told the first. */
  private void replay(Backend backend, JsonNode loop) {
    String name = loop.get("name").asString();
    boolean guided = !loop.get("cfg_scale").isNull();
    int images = 2;
    int rows = guided ? 2 * images : images;
    Sampler sampler = sampler(loop);
    Program program = step(sampler, images, guided);
    try (Resident resident = backend.newResident();
        Executable step = backend.compile(program, resident);
        TensorScope scope = TensorScope.open(backend.memory())) {
      DiT.stateDict(config).load(TinyDiT.weights(), resident, backend.memory());
      Map<String, Tensor> inputs = new HashMap<>();
      inputs.put("y", scope.of(Shape.of(rows), labels(loop, rows)));
      if (guided) {
        float scale = (float) loop.get("cfg_scale").asDouble();
        inputs.put("scale", scope.of(Shape.SCALAR, scale));
      }
      Tensor z = data.tensor(name + "/z", scope);
      Tensor x = guided ? twice(z, scope) : z;
      for (int i = 0; i < sampler.steps(); i++) {
        double[] t = new double[images];
        Arrays.fill(t, sampler.timestep(i));
        float[] c = sampler.coefficients(i);
        inputs.put("x", x);
        inputs.put("t", TimestepFeatures.of(scope, Numerics.OFFICIAL, t));
        inputs.put("c", scope.of(Shape.of(1, c.length, 1, 1), c));
        inputs.put("noise", row(name + "/noise", i, x.spec(), scope));
        x = step.run(inputs, scope).get("x");
        if (data.has(name + "/samples")) {
          STATE.assertClose(
              name + " after step " + i, x, row(name + "/samples", i, x.spec(), scope));
        }
      }
      STATE.assertClose(name, x, data.doubles(name + (guided ? "/final_f64" : "/final")));
    }
  }

  private Program step(Sampler sampler, int images, boolean guided) {
    int rows = guided ? 2 * images : images;
    return Program.trace(
        t -> {
          DiT dit = new DiT(config, Weights.params(t));
          Tensor y = t.input("y", Spec.i64(rows));
          Denoiser model =
              guided
                  ? ClassifierFreeGuidance.OFFICIAL.doubled(
                      dit.pairDenoiser(y), t.input("scale", new Spec(Shape.SCALAR, DType.F32)))
                  : dit.denoiser(y);
          Spec x = DiT.input(config, rows);
          int coefficients = sampler.coefficients(0).length;
          t.output(
              "x",
              sampler
                  .step(
                      model,
                      new Sampler.State(t.input("x", x), List.of()),
                      t.input("t", TimestepFeatures.spec(images)),
                      t.input("c", Spec.f32(1, coefficients, 1, 1)),
                      t.input("noise", x))
                  .x());
        });
  }

  private long[] labels(JsonNode loop, int rows) {
    long[] y = new long[rows];
    Arrays.fill(y, config.nullClass());
    for (int i = 0; i < loop.get("labels").size(); i++) {
      y[i] = loop.get("labels").get(i).asLong();
    }
    return y;
  }

  private static Tensor twice(Tensor z, TensorScope scope) {
    float[] half = z.toFloats();
    float[] both = Arrays.copyOf(half, 2 * half.length);
    System.arraycopy(half, 0, both, half.length, half.length);
    return scope.of(z.shape().with(0, 2 * z.dim(0)), both);
  }

  /** One step of a recording; zeros where the deterministic sampler's noise was not kept. */
  private Tensor row(String key, int step, Spec spec, TensorScope scope) {
    return data.has(key)
        ? data.tensor(key, scope).slice(0, step, 1).reshape(spec.shape())
        : scope.zeros(spec);
  }
}
