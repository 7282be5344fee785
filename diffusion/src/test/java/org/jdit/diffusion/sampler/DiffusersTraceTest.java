package org.jdit.diffusion.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jdit.diffusion.DiffusionOptions;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.diffusion.LossType;
import org.jdit.diffusion.MeanType;
import org.jdit.diffusion.VarianceType;
import org.jdit.diffusion.schedule.NoiseSchedule;
import org.jdit.diffusion.schedule.Quantity;
import org.jdit.diffusion.schedule.SigmaGrid;
import org.jdit.diffusion.schedule.TimestepSpacing;
import org.jdit.tensor.testkit.ReferenceData;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Every sampler walks the recorded path of the diffusers scheduler of its name, sample by sample:
 * one Program, traced and compiled once, serves all steps.
 */
class DiffusersTraceTest {
  // The recorded float32 traces are 6e-7 from float64 ones; ours round in another order.
  private static final Tolerance SAMPLES = Tolerance.relToMax(1e-5);
  // The recorded float32 schedule is 8e-5 from float64 at the smallest level.
  private static final Tolerance SIGMAS = new Tolerance(0, 2e-4);

  private static final Map<String, String> NAMES =
      Map.ofEntries(
          Map.entry("ddim", "ddim"),
          Map.entry("ddim_eta1", "ddim"),
          Map.entry("ddim_trailing", "ddim"),
          Map.entry("ddpm", "ddpm"),
          Map.entry("ddpm_large", "ddpm"),
          Map.entry("ddpm_learned_range", "ddpm"),
          Map.entry("dpm2m", "dpm++2m"),
          Map.entry("dpm2m_karras", "dpm++2m"),
          Map.entry("dpm3m", "dpm++3m"),
          Map.entry("dpm2m_sde", "dpm++2m-sde"),
          Map.entry("unipc", "unipc"),
          Map.entry("unipc_karras", "unipc"),
          Map.entry("euler", "euler"),
          Map.entry("euler_karras", "euler"),
          Map.entry("euler_trailing", "euler"),
          Map.entry("euler_ancestral", "euler-ancestral"),
          Map.entry("heun", "heun"),
          Map.entry("heun_karras", "heun"));

  private final ReferenceData data = ReferenceData.resource("diffusers/schedulers.safetensors");

  record Recorded(String key, JsonNode about) {
    @Override
    public String toString() {
      return key;
    }

    boolean karras() {
      return about.get("config").path("use_karras_sigmas").asBoolean(false);
    }

    int steps() {
      return about.get("steps").asInt();
    }

    TimestepSpacing spacing() {
      JsonNode config = about.get("config");
      return new TimestepSpacing(
          switch (config.get("timestep_spacing").asString()) {
            case "leading" -> TimestepSpacing.Kind.LEADING;
            case "linspace" -> TimestepSpacing.Kind.LINSPACE;
            case "trailing" -> TimestepSpacing.Kind.TRAILING;
            default -> throw new AssertionError(config);
          },
          config.get("steps_offset").asInt());
    }

    boolean learned() {
      return key.startsWith("ddpm_learned_range");
    }
  }

  static Stream<Recorded> traces() {
    // Python writes an unlimited lambda_min_clipped as -Infinity, which strict JSON does not know.
    JsonMapper json =
        JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();
    return json.readTree(
            DiffusersTraceTest.class.getResourceAsStream("/reference/diffusers/schedulers.json"))
        .propertyStream()
        .map(e -> new Recorded(e.getKey(), e.getValue()));
  }

  @ParameterizedTest
  @MethodSource("traces")
  void walksTheRecordedPath(Recorded recorded) {
    Sampler sampler = sampler(recorded);
    String key = recorded.key();
    assertTimesteps(recorded, sampler);
    // One float32 rounding apart: the recorded level was computed in float32.
    new Tolerance(0, 0x1p-23)
        .assertClose(
            "init_noise_sigma",
            new double[] {sampler.initialScale()},
            new double[] {recorded.about().get("init_noise_sigma").asDouble()});

    double[] samples = data.doubles(key + "/samples");
    float[] noise = data.has(key + "/noise") ? data.floats(key + "/noise") : new float[0];
    float[] x = data.floats("x");
    for (int i = 0; i < x.length; i++) {
      x[i] *= (float) sampler.initialScale();
    }
    int n = x.length;
    int[] at = {0};
    try (StepProgram program = new StepProgram(sampler, data.shape("x"), recorded.learned())) {
      program.start(x);
      SamplingLoop.run(
          sampler,
          n,
          () -> {
            // The diffusers DDPM draws nothing in its last step, and eta 0 nothing at all.
            int from = at[0] * n;
            return from < noise.length ? Arrays.copyOfRange(noise, from, from + n) : new float[n];
          },
          (t, coefficients, drawn) -> {
            float[] sample = program.run(t, coefficients, drawn);
            double[] expected = new double[n];
            System.arraycopy(samples, at[0] * n, expected, 0, n);
            SAMPLES.assertClose(key + " step " + at[0], sample, expected);
            at[0]++;
          },
          done -> assertThat(done).isEqualTo(at[0]));
    }
    assertThat(at[0]).isEqualTo(sampler.steps());
  }

  private void assertTimesteps(Recorded recorded, Sampler sampler) {
    double[] told = IntStream.range(0, sampler.steps()).mapToDouble(sampler::timestep).toArray();
    boolean whole = recorded.about().get("timesteps_dtype").asString().equals("int64");
    Tolerance bound = whole ? Tolerance.EXACT : new Tolerance(1e-3, 0);
    bound.assertClose("timesteps", told, data.doubles(recorded.key() + "/timesteps"));
  }

  static Stream<Recorded> sigmaTraces() {
    ReferenceData data = ReferenceData.resource("diffusers/schedulers.safetensors");
    return traces().filter(r -> data.has(r.key() + "/sigmas"));
  }

  @ParameterizedTest
  @MethodSource("sigmaTraces")
  void noiseLevelsEqualTheRecordedOnes(Recorded recorded) {
    NoiseSchedule trained = NoiseSchedule.named("linear", 1000).singlePrecision();
    boolean open = recorded.about().get("cls").asString().contains("Multistep");
    SigmaGrid grid =
        open
            ? SigmaGrid.open(trained, recorded.spacing(), recorded.steps(), recorded.karras())
            : SigmaGrid.closed(trained, recorded.spacing(), recorded.steps(), recorded.karras());
    double[] sigmas = grid.sigmas().stream().mapToDouble(Double::doubleValue).toArray();
    if (recorded.key().startsWith("heun")) {
      // Recorded once for each network call: all but the first and the last level twice.
      sigmas =
          IntStream.range(0, 2 * grid.steps()).mapToDouble(i -> grid.sigma((i + 1) / 2)).toArray();
    }
    SIGMAS.assertClose("sigmas", sigmas, data.doubles(recorded.key() + "/sigmas"));
  }

  @Test
  void theChainInSinglePrecisionIsTheRecordedOne() {
    double[] bar = NoiseSchedule.named("linear", 1000).singlePrecision().values(Quantity.ALPHA_BAR);
    // torch may round a beta the other way (1e-9 of alpha): at most 1e-6 over a thousand factors.
    new Tolerance(0, 1e-6).assertClose("ᾱ", bar, data.doubles("alphas_cumprod"));
  }

  private static Sampler sampler(Recorded recorded) {
    String name = recorded.key().substring(0, recorded.key().indexOf('/'));
    GaussianDiffusion trained = trained(recorded);
    if (name.equals("ddim_offset1_not_one")) {
      NoiseSchedule chain =
          DdimSampler.chain(
              trained.schedule().singlePrecision(), recorded.spacing(), recorded.steps(), false);
      return new DdimSampler(trained.on(chain), 0, x -> x);
    }
    return Samplers.named(
        NAMES.get(name),
        trained,
        new Samplers.Request(
            Integer.toString(recorded.steps()),
            Optional.of(recorded.spacing()),
            recorded.about().get("step").path("eta").asDouble(0),
            recorded.karras(),
            false));
  }

  private static GaussianDiffusion trained(Recorded recorded) {
    VarianceType variance =
        switch (recorded.about().get("config").path("variance_type").asString("fixed_small")) {
          case "fixed_large" -> VarianceType.FIXED_LARGE;
          case "learned_range" -> VarianceType.LEARNED_RANGE;
          default -> VarianceType.FIXED_SMALL;
        };
    return new GaussianDiffusion(
        GaussianDiffusion.create(DiffusionOptions.DEFAULT).schedule(),
        MeanType.EPSILON,
        variance,
        LossType.MSE);
  }
}
