package org.jdit.dit.train;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jdit.dit.data.TrainingSet;
import org.jdit.dit.train.Seeds.Purpose;
import org.jdit.tensor.JditException;

/**
 * The examples to train on and those to validate with; none is among both.
 *
 * @param trained on
 * @param held back for validation; empty if none are to be
 */
record Split(TrainingSet trained, Optional<TrainingSet> held) {
  /**
   * Holds a share of the examples back, chosen by the seed.
   *
   * @param share from 0 to below 1
   * @throws JditException if a share is to be held back that is not one example
   */
  static Split of(TrainingSet set, double share, Seeds seeds) {
    int count = count(share, set.size());
    if (share > 0 && count == 0) {
      throw new JditException(
          "a share of %s of %d examples is not one to hold back for validation: choose a larger --val-split, or leave it out"
              .formatted(share, set.size()));
    }
    if (count == 0) {
      return new Split(set, Optional.empty());
    }
    long[] order = seeds.torch(Purpose.SPLIT, 0).randperm(set.size());
    int[] shuffled = Arrays.stream(order).mapToInt(i -> (int) i).toArray();
    int[] rest = IntStream.range(count, shuffled.length).map(i -> shuffled[i]).sorted().toArray();
    return new Split(set.subset(rest), Optional.of(set.subset(Arrays.copyOf(shuffled, count))));
  }

  /** How many of some examples are held back. */
  static int count(double share, int examples) {
    return (int) (share * examples);
  }
}
