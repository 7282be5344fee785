package org.jdit.diffusion.loss;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jdit.diffusion.Coefficients;
import org.jdit.diffusion.DiffusionOptions;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.testkit.ReferenceBackend;
import org.jdit.tensor.testkit.ReferenceData;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Likelihoods, the terms of the variational bound and the whole bound equal the official ones. */
class LikelihoodTest {
  // Float32 with the same formulas; two torch versions differ by 2e-7 of the largest value.
  private static final Tolerance FLOAT32 = Tolerance.relToMax(2e-6);

  private final ReferenceData data = ReferenceData.resource("diffusion_steps.safetensors");
  private final ReferenceBackend backend = ReferenceBackend.rounding();
  private final TensorScope scope = backend.openScope();

  @AfterEach
  void close() {
    scope.close();
    backend.close();
  }

  @Test
  void utilitiesEqualTheOfficialOnes() {
    Tensor x = data.tensor("util/x", scope);
    Tensor mean = data.tensor("util/mean", scope);
    Tensor logScale = data.tensor("util/log_scale", scope);
    data.assertClose(
        "util/discretized_gaussian_log_likelihood",
        Likelihood.discretizedGaussian(x, mean, logScale),
        FLOAT32);
    data.assertClose(
        "util/continuous_gaussian_log_likelihood",
        Likelihood.continuousGaussian(x, mean, logScale),
        FLOAT32);
    data.assertClose(
        "util/approx_standard_normal_cdf", Likelihood.approxStandardNormalCdf(x.mul(4)), FLOAT32);
    float[] scales = data.floats("util/log_scale");
    float[] flipped = new float[scales.length];
    for (int i = 0; i < scales.length; i++) {
      flipped[i] = scales[scales.length - 1 - i];
    }
    data.assertClose(
        "util/normal_kl",
        Likelihood.normalKl(x, logScale, mean, scope.of(x.shape(), flipped)),
        FLOAT32);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "50"})
  void termsOfTheBoundEqualTheOfficialOnes(String respacing) {
    GaussianDiffusion d =
        GaussianDiffusion.create(DiffusionOptions.DEFAULT.withRespacing(respacing));
    int steps = d.schedule().steps();
    Tensor xStart = data.tensor("x_start", scope);
    Tensor x = data.tensor("x_t", scope);
    Tensor output = data.tensor("model_output", scope);
    int[] t = Arrays.stream(data.longs("t/" + steps)).mapToInt(i -> (int) i).toArray();
    Coefficients c = coefficients(d, t);

    data.assertClose(
        "vb_terms_bpd/" + steps + "/clip=1",
        VariationalBound.term(d, output, xStart, x, c, GaussianDiffusion.CLIP).bits(),
        FLOAT32);
    data.assertClose(
        "vb_terms_bpd/" + steps + "/clip=0",
        VariationalBound.term(d, output, xStart, x, c, UnaryOperator.identity()).bits(),
        FLOAT32);
    data.assertClose(
        "prior_bpd/" + steps,
        VariationalBound.prior(d, xStart, coefficients(d, steps - 1)),
        FLOAT32);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void theWholeBoundEqualsTheOfficialLoop(int clip) {
    GaussianDiffusion d = GaussianDiffusion.create(DiffusionOptions.DEFAULT.withRespacing("10"));
    String key = "calc_bpd_loop/clip=" + clip;
    UnaryOperator<Tensor> denoised = clip == 1 ? GaussianDiffusion.CLIP : UnaryOperator.identity();
    Tensor xStart = data.tensor("x_start", scope).slice(0, 0, 2);
    Tensor drawn = data.tensor(key + "/noise", scope);
    List<Double> prior = list(VariationalBound.prior(d, xStart, coefficients(d, 9)));

    BitsPerDim bits =
        BitsPerDim.sum(
            10,
            prior,
            t -> {
              Tensor told = scope.of(Shape.SCALAR, (float) d.schedule().timestep(t));
              Tensor noise = drawn.slice(0, 9 - t, 1).reshape(xStart.shape());
              BitsPerDim.TermTensors term =
                  BitsPerDim.term(
                      d,
                      LikelihoodTest::network,
                      xStart,
                      told,
                      coefficients(d, t),
                      noise,
                      denoised);
              return new BitsPerDim.Term(list(term.vb()), list(term.xStartMse()), list(term.mse()));
            });

    assertThat(bits.terms()).hasSize(10);
    FLOAT32.assertClose("total", doubles(bits.total()), data.doubles(key + "/total_bpd"));
    FLOAT32.assertClose("prior", doubles(bits.prior()), data.doubles(key + "/prior_bpd"));
    assertTerms(bits, key + "/vb", BitsPerDim.Term::vb);
    assertTerms(bits, key + "/xstart_mse", BitsPerDim.Term::xStartMse);
    assertTerms(bits, key + "/mse", BitsPerDim.Term::mse);
  }

  /** Recorded as [images, timesteps], the noisiest timestep first. */
  private void assertTerms(
      BitsPerDim bits, String key, Function<BitsPerDim.Term, List<Double>> of) {
    double[] actual = new double[2 * 10];
    for (int i = 0; i < actual.length; i++) {
      actual[i] = of.apply(bits.terms().get(i % 10)).get(i / 10);
    }
    FLOAT32.assertClose(key, actual, data.doubles(key));
  }

  /** The analytic network of the recorded loop. */
  private static Tensor network(Tensor x, Tensor timestep) {
    return Tensor.concat(1, x.mul(0.3).add(timestep.mul(0.0005)), x.tanh().mul(0.5));
  }

  private static List<Double> list(Tensor t) {
    return Arrays.stream(t.toDoubles()).boxed().toList();
  }

  private static double[] doubles(List<Double> list) {
    return list.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private Coefficients coefficients(GaussianDiffusion d, int... t) {
    return new Coefficients(scope.of(Coefficients.spec(t.length).shape(), d.schedule().rows(t)));
  }
}
