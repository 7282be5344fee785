package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.jdit.dit.train.log.Metrics;
import org.jdit.dit.train.log.MetricsLog;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code jdit train} is told changes the numbers as it should. */
class TrainNumbersTest {
  private static final double RATE = 1e-3;

  @TempDir private static Path shared;
  private static TrainRuns drawn;

  @TempDir private Path dir;
  private TrainRuns runs;

  @BeforeAll
  static void draw() {
    drawn = TrainRuns.in(shared);
  }

  @BeforeEach
  void empty() {
    runs = drawn.into(dir.resolve("results"));
  }

  /** The state after a first step with these options. */
  private Map<String, List<Integer>> stepped(Object... options) {
    Object[] all = new Object[options.length + 4];
    System.arraycopy(options, 0, all, 0, options.length);
    System.arraycopy(new Object[] {"--max-steps", 1, "--ema-decay", 0}, 0, all, options.length, 4);
    return TrainRuns.state(runs.train(all));
  }

  private static double value(List<Integer> bits, int i) {
    return Float.intBitsToFloat(bits.get(i));
  }

  private static double norm(Map<String, List<Integer>> state, String prefix) {
    double sum = 0;
    for (Map.Entry<String, List<Integer>> e : state.entrySet()) {
      if (e.getKey().startsWith(prefix)) {
        for (int i = 0; i < e.getValue().size(); i++) {
          sum += value(e.getValue(), i) * value(e.getValue(), i);
        }
      }
    }
    return Math.sqrt(sum);
  }

  @Test
  void weightDecayTakesItsShareOfEveryWeight() {
    // Too small a rate to change a float32, so these are the first weights.
    List<Integer> first = stepped("--lr", 1e-30).get("model/x_embedder.proj.weight");
    List<Integer> without = stepped().get("model/x_embedder.proj.weight");
    List<Integer> with = stepped("--weight-decay", 100).get("model/x_embedder.proj.weight");
    for (int i = 0; i < first.size(); i++) {
      assertThat(value(without, i) - value(with, i))
          .isCloseTo(RATE * 100 * value(first, i), Offset.offset(1e-6));
    }
    assertThat(with).isNotEqualTo(without);
  }

  @Test
  void clippingLimitsWhatTheMomentsSee() {
    double free = norm(stepped(), "exp_avg/") / 0.1;
    double limit = free / 8;
    double clipped = norm(stepped("--clip-norm", limit), "exp_avg/") / 0.1;
    assertThat(clipped).isCloseTo(limit, Offset.offset(limit * 1e-4));
    assertThat(norm(stepped("--clip-norm", 2 * free), "exp_avg/") / 0.1)
        .isCloseTo(free, Offset.offset(free * 1e-4));
  }

  @Test
  void warmUpBeginsWithAPartOfTheRate() {
    assertThat(stepped("--lr-warmup", 4)).isEqualTo(stepped("--lr", RATE / 4));
    assertThat(stepped("--lr-warmup", 1)).isEqualTo(stepped());
    assertThat(stepped("--lr-warmup", 4)).isNotEqualTo(stepped());
    Path folder = runs.train("--lr-warmup", 4, "--max-steps", 5);
    assertThat(MetricsLog.read(folder))
        .extracting(m -> m.values().get("lr"))
        .containsExactly(RATE / 4, RATE / 2, RATE * 3 / 4, RATE, RATE);
  }

  @Test
  void aRecordHasTheMeansOfTheStepsSinceTheLast() {
    List<Metrics> each = MetricsLog.read(runs.train("--log-every", 1));
    List<Metrics> some = MetricsLog.read(runs.train("--log-every", 4));
    assertThat(some).extracting(Metrics::step).containsExactly(4L, 6L);
    for (String name : List.of("loss", "mse", "vb", "grad_norm")) {
      List<Double> values = each.stream().map(m -> m.values().get(name)).toList();
      assertThat(some.getFirst().values().get(name)).isCloseTo(mean(values, 0, 4), near(values));
      assertThat(some.getLast().values().get(name)).isCloseTo(mean(values, 4, 6), near(values));
      assertThat(values).as(name).doesNotHaveDuplicates();
    }
  }

  private static double mean(List<Double> values, int from, int to) {
    return values.subList(from, to).stream().mapToDouble(v -> v).average().orElseThrow();
  }

  private static Offset<Double> near(List<Double> values) {
    return Offset.offset(1e-12 * values.getFirst());
  }
}
