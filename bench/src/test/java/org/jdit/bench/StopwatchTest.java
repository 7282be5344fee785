package org.jdit.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Sides warm up, take turns, and their first run of a turn does not count. */
class StopwatchTest {
  private final List<String> turns = new ArrayList<>();

  /** A side that takes the given seconds, the last of them for ever. */
  private Contender side(String name, Double... seconds) {
    Deque<Double> left = new ArrayDeque<>(List.of(seconds));
    return runs -> {
      turns.add(name + runs);
      List<Double> taken = new ArrayList<>();
      for (int i = 0; i < runs; i++) {
        taken.add(left.size() > 1 ? left.removeFirst() : left.getFirst());
      }
      return taken;
    };
  }

  @Test
  void sidesTakeTurns() {
    new Stopwatch(0, 5).compare(List.of(side("a", 1.0), side("b", 1.0)));
    assertThat(turns).containsExactly("a1", "a1", "a1", "b1", "b1", "b1", "a4", "b4", "a3", "b3");
  }

  @Test
  void sidesRestAfterWarmingUpAndAfterEachTurn() {
    Contender side =
        new Contender() {
          @Override
          public List<Double> seconds(int runs) {
            turns.add("run" + runs);
            return Collections.nCopies(runs, 1.0);
          }

          @Override
          public void rest() {
            turns.add("rest");
          }
        };
    new Stopwatch(0, 4).compare(List.of(side));
    assertThat(turns)
        .containsExactly("run1", "run1", "run1", "rest", "run4", "rest", "run2", "rest");
  }

  @Test
  void countsAsManyRunsAsAskedWithoutTheFirstOfATurn() {
    Timing timing =
        new Stopwatch(0, 4)
            .compare(List.of(side("a", 1.0, 1.0, 1.0, 9.0, 2.0, 3.0, 4.0, 9.0, 5.0)))
            .getFirst();
    assertThat(timing.seconds()).containsExactly(2.0, 3.0, 4.0, 5.0);
  }

  @Test
  void warmsUpForAsLongAsItGetsFaster() {
    new Stopwatch(0, 1).compare(List.of(side("a", 6.0, 5.0, 4.0, 3.0, 3.0)));
    assertThat(turns).containsExactly("a1", "a1", "a1", "a1", "a1", "a2");
  }

  @Test
  void warmsUpForAsLongAsAsked() {
    new Stopwatch(5, 1).compare(List.of(side("a", 1.0)));
    assertThat(turns).containsExactly("a1", "a1", "a1", "a1", "a1", "a2");
  }

  @Test
  void warmingUpEnds() {
    new Stopwatch(0, 1).compare(List.of(side("a", 20.0, 15.0, 10.0, 5.0, 1.0)));
    assertThat(turns).containsExactly("a1", "a1", "a1", "a2");
  }

  @Test
  void theMedianIsTheMiddleOrTheMeanOfTheMiddleTwo() {
    assertThat(new Timing(List.of(5.0, 1.0, 3.0)).median()).isEqualTo(3);
    assertThat(new Timing(List.of(4.0, 1.0, 2.0, 9.0)).median()).isEqualTo(3);
    assertThat(new Timing(List.of(4.0, 1.0, 2.0)).min()).isEqualTo(1);
    assertThatThrownBy(() -> new Timing(List.of())).isInstanceOf(IllegalArgumentException.class);
  }
}
