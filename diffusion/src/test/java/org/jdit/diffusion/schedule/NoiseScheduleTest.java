package org.jdit.diffusion.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jdit.diffusion.DiffusionOptions;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.tensor.JditException;
import org.jdit.tensor.testkit.ReferenceData;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The betas and all that follows from them equal the official float64 arrays. */
class NoiseScheduleTest {
  // Both sides are float64; products of up to 1000 factors may be rounded in another order.
  private static final Tolerance FLOAT64 = new Tolerance(0, 1e-12);

  private static final List<Quantity> QUANTITIES = List.of(Quantity.values());

  private static final Map<Quantity, String> ARRAYS =
      Map.ofEntries(
          Map.entry(Quantity.BETA, "betas"),
          Map.entry(Quantity.ALPHA_BAR, "alphas_cumprod"),
          Map.entry(Quantity.ALPHA_BAR_PREV, "alphas_cumprod_prev"),
          Map.entry(Quantity.ALPHA_BAR_NEXT, "alphas_cumprod_next"),
          Map.entry(Quantity.SQRT_ALPHA_BAR, "sqrt_alphas_cumprod"),
          Map.entry(Quantity.SQRT_ONE_MINUS_ALPHA_BAR, "sqrt_one_minus_alphas_cumprod"),
          Map.entry(Quantity.LOG_ONE_MINUS_ALPHA_BAR, "log_one_minus_alphas_cumprod"),
          Map.entry(Quantity.SQRT_RECIP_ALPHA_BAR, "sqrt_recip_alphas_cumprod"),
          Map.entry(Quantity.SQRT_RECIPM1_ALPHA_BAR, "sqrt_recipm1_alphas_cumprod"),
          Map.entry(Quantity.POSTERIOR_VARIANCE, "posterior_variance"),
          Map.entry(Quantity.POSTERIOR_LOG_VARIANCE, "posterior_log_variance_clipped"),
          Map.entry(Quantity.POSTERIOR_MEAN_X_START, "posterior_mean_coef1"),
          Map.entry(Quantity.POSTERIOR_MEAN_X, "posterior_mean_coef2"));

  private final ReferenceData data = ReferenceData.resource("schedules.safetensors");

  @ParameterizedTest
  @ValueSource(strings = {"linear", "squaredcos_cap_v2"})
  void namedSchedulesEqualTheOfficialOnes(String name) {
    assertArrays(NoiseSchedule.named(name, 1000), name + "/1000");
    NoiseSchedule few = NoiseSchedule.named(name, 50);
    FLOAT64.assertClose(name, few.values(Quantity.BETA), data.doubles(name + "/50/betas"));
    FLOAT64.assertClose(
        name, few.values(Quantity.ALPHA_BAR), data.doubles(name + "/50/alphas_cumprod"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"250", "10", "ddim25", "10,20,30"})
  void respacedSchedulesEqualTheOfficialOnes(String spec) {
    GaussianDiffusion d = GaussianDiffusion.create(DiffusionOptions.DEFAULT.withRespacing(spec));
    assertArrays(d.schedule(), "respaced/" + spec);
  }

  private void assertArrays(NoiseSchedule schedule, String key) {
    ARRAYS.forEach(
        (quantity, array) ->
            FLOAT64.assertClose(
                key + "/" + array, schedule.values(quantity), data.doubles(key + "/" + array)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"quad", "linear", "warmup10", "warmup50", "const", "jsd"})
  void olderBetasEqualTheOfficialOnes(String name) {
    FLOAT64.assertClose(
        name, Betas.between(name, 1e-4, 0.02, 40), data.doubles("deprecated/" + name));
  }

  @Test
  void unknownNamesAreRefusedWithTheKnownOnes() {
    assertThatThrownBy(() -> Betas.named("cosine", 1000))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("cosine")
        .hasMessageContaining("linear")
        .hasMessageContaining("squaredcos_cap_v2");
    assertThatThrownBy(() -> Betas.between("cubic", 0, 1, 10))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("cubic")
        .hasMessageContaining("warmup50");
  }

  @ParameterizedTest
  @CsvSource({"0", "-0.1", "1.1", "NaN"})
  void aBetaOutOfRangeIsRefused(double beta) {
    assertThatThrownBy(() -> NoiseSchedule.ofBetas(0.1, beta))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("timestep 1");
  }

  @Test
  void oneTimestepHasNoPosteriorLogVariance() {
    NoiseSchedule one = NoiseSchedule.named("linear", 1000).respaced(new TreeSet<>(List.of(0)));
    assertThat(one.values(Quantity.POSTERIOR_LOG_VARIANCE)).isEmpty();
    assertThat(one.values(Quantity.POSTERIOR_VARIANCE)).containsExactly(0.0);
    assertThatThrownBy(() -> one.rows(0))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("two timesteps");
  }

  @Test
  void rowsHoldEveryQuantityOfEveryTimestepRoundedOnce() {
    NoiseSchedule schedule = NoiseSchedule.named("linear", 1000);
    float[] rows = schedule.rows(0, 999, 7);
    int columns = Quantity.values().length;
    assertThat(rows).hasSize(3 * columns);
    for (Quantity q : Quantity.values()) {
      assertThat(rows[columns + QUANTITIES.indexOf(q)]).isEqualTo((float) schedule.at(q, 999));
      assertThat(rows[2 * columns + QUANTITIES.indexOf(q)]).isEqualTo((float) schedule.at(q, 7));
    }
  }

  @Test
  void jumpsThatMeetAreARespacedChain() {
    NoiseSchedule trained = NoiseSchedule.named("linear", 1000);
    NoiseSchedule chain = trained.respaced(new TreeSet<>(List.of(0, 300, 999)));
    double[] bar = trained.values(Quantity.ALPHA_BAR);
    NoiseSchedule jumps =
        NoiseSchedule.ofJumps(
            List.of(
                new NoiseSchedule.Jump(0, bar[0], 1),
                new NoiseSchedule.Jump(300, bar[300], bar[0]),
                new NoiseSchedule.Jump(999, bar[999], bar[300])));
    for (Quantity q : Quantity.values()) {
      FLOAT64.assertClose(q.name(), jumps.values(q), chain.values(q));
    }
    assertThat(jumps.timestep(1)).isEqualTo(300).isEqualTo(chain.timestep(1));
  }
}
