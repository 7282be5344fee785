package org.jdit.dit.data;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jdit.tensor.Shape;

/** Labelled examples to train on, in the form that the network takes. For many threads at once. */
public interface TrainingSet extends AutoCloseable {
  /** Number of examples. */
  int size();

  /** Number of classes that the labels are of. */
  int numClasses();

  /** Shape of an example, {@code [C, H, W]}. */
  Shape shape();

  /** Class of an example. */
  int label(int index);

  /**
   * Reads an example.
   *
   * @param random decides what is random about it: a flip, a draw of a posterior
   * @param into receives it row-major from {@code offset} on
   * @throws org.jdit.tensor.JditException if it cannot be read
   */
  void read(int index, RandomGenerator random, float[] into, int offset);

  /** Words that tell these examples from others, wherever they lie. */
  default String describe() {
    return "%d examples of %d classes, %s".formatted(size(), numClasses(), fingerprint());
  }

  /** A digest of all labels and, since others may have the same, of some of the examples. */
  default String fingerprint() {
    Fingerprint print = new Fingerprint();
    for (int i = 0; i < size(); i++) {
      print.add(Integer.toString(label(i)));
    }
    float[] example = new float[Math.toIntExact(shape().numel())];
    int seed = 0;
    for (int i : Fingerprint.chosen(size()).toArray()) {
      read(i, new SplittableRandom(seed++), example, 0);
      print.add(example);
    }
    return print.hex();
  }

  @Override
  default void close() {}

  /** Some of these examples. */
  default TrainingSet subset(int... indices) {
    int[] chosen = indices.clone();
    TrainingSet all = this;
    return new TrainingSet() {
      @Override
      public int size() {
        return chosen.length;
      }

      @Override
      public int numClasses() {
        return all.numClasses();
      }

      @Override
      public Shape shape() {
        return all.shape();
      }

      @Override
      public int label(int index) {
        return all.label(chosen[index]);
      }

      @Override
      public void read(int index, RandomGenerator random, float[] into, int offset) {
        all.read(chosen[index], random, into, offset);
      }
    };
  }
}
