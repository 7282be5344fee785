package org.jdit.dit.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.Test;

/** Examples are ordered by class, and each has a seed of its own that stays when a set grows. */
class DemoSetTest {
  @Test
  void examplesAreOrderedByClass() {
    DemoSet set = new DemoSet(3, 16, 0);
    assertThat(set.count()).isEqualTo(36);
    assertThat(set.label(2)).isZero();
    assertThat(set.label(3)).isEqualTo(1);
    assertThat(set.label(35)).isEqualTo(11);
    assertThatThrownBy(() -> set.label(36)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> set.draw(-1)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void seedsAreThoseOfTheDocumentedMix() {
    // SplitMix64 from state 0 begins with this number.
    long zero = 0xe220a8397b1dcdafL;
    assertThat(new SplittableRandom(0).nextLong()).isEqualTo(zero);
    long label = new SplittableRandom(zero + 2).nextLong();
    long index = new SplittableRandom(label + 4).nextLong();
    assertThat(new DemoSet(10, 32, 0).drawingSeed(24)).isEqualTo(index);
  }

  @Test
  void noTwoExamplesShareASeed() {
    Set<Long> seeds = new HashSet<>();
    for (long seed = 0; seed < 3; seed++) {
      DemoSet set = new DemoSet(1000, 32, seed);
      for (int i = 0; i < set.count(); i++) {
        assertThat(seeds.add(set.drawingSeed(i))).isTrue();
      }
    }
  }

  @Test
  void aLongerSetBeginsLikeAShorterOne() {
    DemoSet few = new DemoSet(2, 32, 5);
    DemoSet more = new DemoSet(9, 32, 5);
    assertThat(more.drawingSeed(9 * 4 + 1)).isEqualTo(few.drawingSeed(2 * 4 + 1));
    assertThat(new DemoSet(2, 32, 6).drawingSeed(9)).isNotEqualTo(few.drawingSeed(9));
  }

  @Test
  void refusesSetsThatItCannotMake() {
    assertThatThrownBy(() -> new DemoSet(0, 32, 0))
        .isInstanceOf(JditException.class)
        .hasMessage("0 drawings of each class: choose 1 to 1000000");
    assertThatThrownBy(() -> new DemoSet(1, 1000, 0))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("16 to 512");
  }
}
