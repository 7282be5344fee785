package org.jdit.tensor.random;

import java.util.Arrays;
import java.util.List;

/**
 * MT19937, the 32-bit Mersenne Twister (Matsumoto and Nishimura, 1998), with torch's conversions of
 * its words to uniform numbers.
 */
final class MersenneTwister {
  /** Words of state. */
  static final int SIZE = 624;

  private static final int MIDDLE = 397;
  private static final int UPPER_BIT = 0x80000000;
  private static final int LOWER_BITS = 0x7fffffff;
  private static final int TWIST = 0x9908b0df;

  private final int[] words;
  private int position;

  /** A twister seeded with the low 32 bits of the seed, as torch seeds it. */
  MersenneTwister(long seed) {
    words = new int[SIZE];
    words[0] = (int) seed;
    for (int i = 1; i < SIZE; i++) {
      words[i] = 1812433253 * (words[i - 1] ^ (words[i - 1] >>> 30)) + i;
    }
    position = SIZE;
  }

  /** A twister that goes on from a state. */
  MersenneTwister(List<Integer> words, int position) {
    this.words = words.stream().mapToInt(Integer::intValue).toArray();
    this.position = position;
  }

  /** A copy of the {@value #SIZE} words of state. */
  List<Integer> words() {
    return Arrays.stream(words).boxed().toList();
  }

  /** Index of the next word to hand out; {@value #SIZE} if a new set is to be made first. */
  int position() {
    return position;
  }

  /** The next 32 random bits. */
  int nextInt() {
    if (position == SIZE) {
      refill();
    }
    return temper(words[position++]);
  }

  /** 64 random bits, the first word drawn in the upper half. */
  long nextLong() {
    long upper = nextInt();
    return (upper << 32) | Integer.toUnsignedLong(nextInt());
  }

  /** A uniform number in [0, 1) with 53 random bits; takes two words. */
  double nextDouble() {
    return (nextLong() & ((1L << 53) - 1)) * 0x1p-53;
  }

  /** Fills {@code out[0..count)} with uniform numbers in [0, 1) of 24 random bits, a word each. */
  void fillUniform(float[] out, int count) {
    for (int done = 0; done < count; ) {
      if (position == SIZE) {
        refill();
      }
      int n = Math.min(count - done, SIZE - position);
      for (int i = 0; i < n; i++) {
        out[done + i] = (temper(words[position + i]) & 0xffffff) * 0x1p-24f;
      }
      position += n;
      done += n;
    }
  }

  private static int temper(int word) {
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return word ^ (word >>> 18);
  }

  // Split where the index wraps around, so that the loops have no modulo and can be vectorised.
  private void refill() {
    for (int k = 0; k < SIZE - MIDDLE; k++) {
      words[k] = words[k + MIDDLE] ^ twist(words[k], words[k + 1]);
    }
    for (int k = SIZE - MIDDLE; k < SIZE - 1; k++) {
      words[k] = words[k + MIDDLE - SIZE] ^ twist(words[k], words[k + 1]);
    }
    words[SIZE - 1] = words[MIDDLE - 1] ^ twist(words[SIZE - 1], words[0]);
    position = 0;
  }

  private static int twist(int word, int next) {
    int y = (word & UPPER_BIT) | (next & LOWER_BITS);
    return (y >>> 1) ^ (-(next & 1) & TWIST);
  }
}
