package org.jdit.dit.train;

import java.util.OptionalInt;
import java.util.random.RandomGenerator;
import org.jdit.diffusion.DiffusionOptions;
import org.jdit.diffusion.GaussianDiffusion;
import org.jdit.dit.data.TrainingSet;
import org.jdit.dit.model.DiTConfig;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;

/**
 * Examples of four pixels along a side whose first number tells them apart.
 *
 * @param size how many
 * @param unreadable one that cannot be read
 */
record TinySet(int size, OptionalInt unreadable) implements TrainingSet {
  private static final int CLASSES = 3;

  static TinySet of(int size) {
    return new TinySet(size, OptionalInt.empty());
  }

  /** A network for them. */
  static DiTConfig network() {
    return DiTConfig.parse("16x1x2/2", 4, 3).with(CLASSES, 0.1);
  }

  /** A step of that network. */
  static TrainStep step(Recipe recipe, int n) {
    return new TrainStep(network(), GaussianDiffusion.create(DiffusionOptions.DEFAULT), recipe, n);
  }

  @Override
  public int numClasses() {
    return CLASSES;
  }

  @Override
  public Shape shape() {
    return Shape.of(3, 4, 4);
  }

  @Override
  public int label(int index) {
    return index % CLASSES;
  }

  @Override
  public void read(int index, RandomGenerator random, float[] into, int offset) {
    if (unreadable.equals(OptionalInt.of(index))) {
      throw new JditException("example %d is gone".formatted(index));
    }
    for (int i = 0; i < 48; i++) {
      into[offset + i] = i == 0 ? index : (index * 31 + i * 7) % 13 / 6.5f - 1;
    }
  }

  @Override
  public String fingerprint() {
    return "tiny";
  }
}
