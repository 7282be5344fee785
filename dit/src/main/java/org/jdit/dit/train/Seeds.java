package org.jdit.dit.train;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jdit.tensor.random.TorchGenerator;

/**
 * Random numbers of a training, a stream for each purpose and step, all from one seed: what a step
 * draws does not depend on the steps before it, so that a resumed training draws the same.
 *
 * @param seed of the training
 */
record Seeds(long seed) {
  /** What random numbers are for. */
  enum Purpose {
    ORDER(0),
    NOISE(1),
    LABEL_DROPOUT(2),
    TIMESTEPS(3),
    EXAMPLE(4),
    SPLIT(5),
    VALIDATION(6);

    private final int stream;

    Purpose(int stream) {
      this.stream = stream;
    }
  }

  /** A stream as torch's generator draws it. */
  TorchGenerator torch(Purpose purpose, long number) {
    return new TorchGenerator(mixed(purpose, number));
  }

  /** A stream of Java's. */
  RandomGenerator random(Purpose purpose, long number) {
    return new SplittableRandom(mixed(purpose, number));
  }

  /** As SplittableRandom scrambles its seeds, once for each of the three numbers. */
  private long mixed(Purpose purpose, long number) {
    return scrambled(scrambled(scrambled(seed) + purpose.stream) + number);
  }

  private static long scrambled(long z) {
    return new SplittableRandom(z).nextLong();
  }
}
