package org.jdit.dit.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jdit.dit.data.TrainingSet;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.Test;

/** Every example is trained on once in an epoch, and those held back never. */
class EpochTest {
  private static List<Integer> seen(BatchLoader loader, int from, int to) {
    List<Integer> seen = new ArrayList<>();
    for (int step = from; step <= to; step++) {
      float[] x = loader.examples(step).xStart();
      for (int at = 0; at < x.length; at += 48) {
        seen.add((int) x[at]);
      }
    }
    return seen;
  }

  private static List<Integer> all(TrainingSet set) {
    float[] example = new float[48];
    return IntStream.range(0, set.size())
        .map(
            i -> {
              set.read(i, new SplittableRandom(0), example, 0);
              return (int) example[0];
            })
        .boxed()
        .toList();
  }

  @Test
  void eachExampleComesOnceInAnEpochAndInAnotherOrderInTheNext() {
    try (BatchLoader loader =
        new BatchLoader(TinySet.of(24), 4, new Seeds(7), BatchLoader.Dropout.NONE, 2)) {
      List<Integer> first = seen(loader, 1, 6);
      List<Integer> second = seen(loader, 7, 12);
      assertThat(first).containsExactlyInAnyOrderElementsOf(all(TinySet.of(24)));
      assertThat(second).containsExactlyInAnyOrderElementsOf(first).isNotEqualTo(first);
    }
  }

  @Test
  void thoseThatFillNoBatchAreLeftOut() {
    try (BatchLoader loader =
        new BatchLoader(TinySet.of(23), 5, new Seeds(7), BatchLoader.Dropout.NONE, 1)) {
      assertThat(loader.stepsPerEpoch()).isEqualTo(4);
      assertThat(seen(loader, 1, 4)).hasSize(20).doesNotHaveDuplicates();
      assertThat(seen(loader, 5, 8)).doesNotHaveDuplicates();
    }
  }

  @Test
  void whatIsHeldBackIsNotTrainedOn() {
    Split split = Split.of(TinySet.of(20), 0.3, new Seeds(1));
    List<Integer> held = all(split.held().orElseThrow());
    List<Integer> trained = all(split.trained());
    assertThat(held).hasSize(6).doesNotHaveDuplicates();
    assertThat(trained).hasSize(14).doesNotHaveDuplicates().doesNotContainAnyElementsOf(held);
    Split again = Split.of(TinySet.of(20), 0.3, new Seeds(1));
    assertThat(all(again.held().orElseThrow())).isEqualTo(held);
    Split other = Split.of(TinySet.of(20), 0.3, new Seeds(2));
    assertThat(all(other.held().orElseThrow())).isNotEqualTo(held);
  }

  @Test
  void aShareThatHoldsNothingBackIsRefused() {
    assertThat(Split.of(TinySet.of(20), 0, new Seeds(1)).held()).isEmpty();
    assertThatThrownBy(() -> Split.of(TinySet.of(20), 0.01, new Seeds(1)))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("a share of 0.01 of 20 examples")
        .hasMessageContaining("larger --val-split");
  }
}
