package org.jdit.dit.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.random.RandomGenerator;
import org.jdit.dit.data.TrainingSet;
import org.jdit.tensor.Shape;
import org.junit.jupiter.api.Test;

/** A label that is dropped becomes the network's null class, not the one after the data's last. */
class DroppedLabelsTest {
  private static final class TwoClasses implements TrainingSet {
    @Override
    public int size() {
      return 64;
    }

    @Override
    public int numClasses() {
      return 2;
    }

    @Override
    public Shape shape() {
      return Shape.of(1, 1, 1);
    }

    @Override
    public int label(int index) {
      return index % 2;
    }

    @Override
    public void read(int index, RandomGenerator random, float[] into, int offset) {
      into[offset] = index;
    }
  }

  @Test
  void theNullClassIsTheNetworks() {
    try (BatchLoader loader =
        new BatchLoader(new TwoClasses(), 64, new Seeds(0), new BatchLoader.Dropout(0.5, 10), 1)) {
      assertThat(loader.examples(1).labels()).containsOnly(0, 1, 10).contains(0, 1, 10);
    }
  }
}
