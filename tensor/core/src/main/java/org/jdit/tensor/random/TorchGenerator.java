package org.jdit.tensor.random;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;

/**
 * torch's CPU random number generator: the same seed and the same calls give the same numbers as
 * {@code torch.manual_seed} and the functions named at each method, bit for bit.
 *
 * <p>torch's own numbers depend on the machine and the build in a few places. This class reproduces
 * a machine with AVX2 (or AVX-512) and FMA; where torch falls back to its scalar kernels, normals
 * drawn 16 or more at a time differ in the last bits. In double precision torch goes through the C
 * library's logarithm, sine and cosine and this class through {@link Math}, which on x86 differ in
 * the last bits of a few values in a thousand; rounding to float hides this.
 *
 * <p>All methods count in elements: a tensor of any shape is drawn as one row-major array. How
 * calls are split matters (see {@link #randn}): {@code randn(20)} is not {@code randn(16)} and then
 * {@code randn(4)}. Not safe for use by several threads.
 */
public final class TorchGenerator {
  /** torch releases whose {@link #randint} draws differently. */
  public enum Release {
    /** 1.13 up to 2.6: {@code randint} takes 64 random bits for ranges from 2^32. */
    TORCH_1_13(1L << 32),
    /** 2.7 and newer: {@code randint} takes 64 random bits for ranges from 2^28. */
    TORCH_2_7(1L << 28);

    private final long wideRange;

    Release(long wideRange) {
      this.wideRange = wideRange;
    }
  }

  /**
   * Everything that decides the numbers to come; immutable.
   *
   * @param words the 624 words of the Mersenne Twister
   * @param position index of the next word, 0 to 624
   * @param cachedNormal second number of the last pair of scalar normals, if not yet handed out
   */
  public record State(List<Integer> words, int position, OptionalDouble cachedNormal) {
    /**
     * Checks and copies.
     *
     * @throws IllegalArgumentException if the number of words or the position is out of range
     */
    public State {
      words = List.copyOf(words);
      Objects.requireNonNull(cachedNormal, "cachedNormal");
      if (words.size() != MersenneTwister.SIZE || position < 0 || position > words.size()) {
        throw new IllegalArgumentException(
            "A generator state needs %d words and a position in them; got %d words, position %d"
                .formatted(MersenneTwister.SIZE, words.size(), position));
      }
    }
  }

  /** torch transforms normals in blocks from this count on, and one by one below it. */
  private static final int BLOCK = BoxMuller.BLOCK;

  /** Elements made at a time: small enough for the first-level cache. */
  private static final int CHUNK = 2048;

  // Unaligned, because a weight may lie at any offset of a mapped file.
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final Release release;
  private final float[] chunk = new float[CHUNK];
  private MersenneTwister twister;
  private OptionalDouble cachedNormal = OptionalDouble.empty();

  /** A generator in the state after {@code torch.manual_seed(seed)}, of the newest release. */
  public TorchGenerator(long seed) {
    this(seed, Release.TORCH_2_7);
  }

  /** A generator in the state after {@code torch.manual_seed(seed)}, as a release draws. */
  public TorchGenerator(long seed, Release release) {
    this.release = Objects.requireNonNull(release, "release");
    twister = new MersenneTwister(seed);
  }

  /** Starts again from a seed, of which only the low 32 bits count ({@code torch.manual_seed}). */
  public void manualSeed(long seed) {
    twister = new MersenneTwister(seed);
    cachedNormal = OptionalDouble.empty();
  }

  /** The state now; {@link #restore} continues from it with the same numbers. */
  public State state() {
    return new State(twister.words(), twister.position(), cachedNormal);
  }

  /** Continues from a state of this or another generator. */
  public void restore(State state) {
    twister = new MersenneTwister(state.words, state.position);
    cachedNormal = state.cachedNormal;
  }

  /**
   * {@code n} standard normal floats ({@code torch.randn}, {@code torch.randn_like}).
   *
   * <p>Below 16 they are drawn one by one in double precision, and the second number of a pair is
   * kept for the next such call. From 16 on they are drawn in blocks of 16, and if {@code n} is not
   * a multiple of 16 the last 16 are drawn anew.
   */
  public float[] randn(int n) {
    return normal(n, 0, 1);
  }

  /** {@code n} normal floats ({@code torch.Tensor.normal_}); {@code std >= 0}. */
  public float[] normal(int n, double mean, double std) {
    float[] out = new float[checkCount(n)];
    fillNormal(out, 0, n, mean, std);
    return out;
  }

  /** {@link #normal} into {@code out[offset .. offset + length)}. */
  public void fillNormal(float[] out, int offset, int length, double mean, double std) {
    fillNormal(segment(out, offset, length), mean, std);
  }

  /**
   * {@link #normal} into a whole segment of floats in native byte order, which may be longer than
   * an array can be.
   *
   * @throws IllegalArgumentException if the segment's size is not a multiple of four bytes, or
   *     {@code std} is negative
   */
  public void fillNormal(MemorySegment out, double mean, double std) {
    if (!(std >= 0)) {
      throw new IllegalArgumentException("The standard deviation must be >= 0; got " + std);
    }
    long n = floats(out);
    if (n < BLOCK) {
      for (long i = 0; i < n; i++) {
        out.setAtIndex(FLOAT, i, (float) (nextNormal() * std + mean));
      }
      return;
    }
    // torch draws the uniforms of all elements, then transforms: the same, as blocks are disjoint.
    long whole = n - n % BLOCK;
    for (long done = 0; done < whole; done += CHUNK) {
      fillBlocks(out, done, (int) Math.min(CHUNK, whole - done), mean, std);
    }
    if (whole < n) {
      twister.fillUniform(chunk, (int) (n - whole)); // drawn by torch, then overwritten
      fillBlocks(out, n - BLOCK, BLOCK, mean, std);
    }
  }

  private void fillBlocks(MemorySegment out, long at, int count, double mean, double std) {
    twister.fillUniform(chunk, count);
    BoxMuller.transform(chunk, count, (float) mean, (float) std);
    MemorySegment.copy(chunk, 0, out, FLOAT, at * Float.BYTES, count);
  }

  /** {@code n} standard normal doubles ({@code torch.randn} with {@code dtype=torch.float64}). */
  public double[] randnDouble(int n) {
    double[] out = new double[checkCount(n)];
    if (n < BLOCK) {
      Arrays.setAll(out, i -> nextNormal());
      return out;
    }
    Arrays.setAll(out, i -> twister.nextDouble());
    BoxMuller.transform(out, 0, n - n % BLOCK);
    if (n % BLOCK != 0) {
      for (int i = n - BLOCK; i < n; i++) {
        out[i] = twister.nextDouble();
      }
      BoxMuller.transform(out, n - BLOCK, n);
    }
    return out;
  }

  /** {@code n} uniform floats in [0, 1), multiples of 2^-24 ({@code torch.rand}). */
  public float[] rand(int n) {
    return uniform(n, 0, 1);
  }

  /** {@code n} uniform doubles in [0, 1), multiples of 2^-53 ({@code torch.rand}, float64). */
  public double[] randDouble(int n) {
    double[] out = new double[checkCount(n)];
    Arrays.setAll(out, i -> twister.nextDouble());
    return out;
  }

  /**
   * {@code n} uniform floats in [low, high) ({@code torch.Tensor.uniform_}); rounding may give
   * {@code high} itself.
   */
  public float[] uniform(int n, double low, double high) {
    float[] out = new float[checkCount(n)];
    fillUniform(out, 0, n, low, high);
    return out;
  }

  /** {@link #uniform} into {@code out[offset .. offset + length)}. */
  public void fillUniform(float[] out, int offset, int length, double low, double high) {
    fillUniform(segment(out, offset, length), low, high);
  }

  /**
   * {@link #uniform} into a whole segment of floats in native byte order.
   *
   * @throws IllegalArgumentException if the segment's size is not a multiple of four bytes, or
   *     {@code low > high}
   */
  public void fillUniform(MemorySegment out, double low, double high) {
    if (!(low <= high)) {
      throw new IllegalArgumentException(
          "A uniform range needs low <= high; got %s and %s".formatted(low, high));
    }
    long n = floats(out);
    float from = (float) low;
    float range = (float) high - from;
    for (long done = 0; done < n; done += CHUNK) {
      int count = (int) Math.min(CHUNK, n - done);
      twister.fillUniform(chunk, count);
      for (int i = 0; i < count; i++) {
        chunk[i] = Math.fma(chunk[i], range, from);
      }
      MemorySegment.copy(chunk, 0, out, FLOAT, done * Float.BYTES, count);
    }
  }

  /**
   * {@code n} integers in [low, high) ({@code torch.randint}): random bits modulo the range, 32 or
   * 64 of them according to the {@link Release}.
   *
   * @throws IllegalArgumentException if {@code low >= high}
   */
  public long[] randint(long low, long high, int n) {
    if (low >= high) {
      throw new IllegalArgumentException(
          "randint needs low < high; got %d and %d".formatted(low, high));
    }
    long range = high - low; // as an unsigned number
    boolean wide = Long.compareUnsigned(range, release.wideRange) >= 0;
    long[] out = new long[checkCount(n)];
    for (int i = 0; i < n; i++) {
      long bits = wide ? twister.nextLong() : Integer.toUnsignedLong(twister.nextInt());
      out[i] = low + Long.remainderUnsigned(bits, range);
    }
    return out;
  }

  /**
   * A random permutation of 0 to {@code n - 1} ({@code torch.randperm}), as {@code
   * DistributedSampler} shuffles a data set. From 2^32 / 20 elements on torch's releases differ, so
   * {@code n} must be smaller.
   *
   * @throws IllegalArgumentException if {@code n} is 214748364 or more
   */
  public long[] randperm(int n) {
    if (n >= 0xffffffffL / 20) {
      throw new IllegalArgumentException("randperm needs n < 2^32 / 20; got " + n);
    }
    long[] out = new long[checkCount(n)];
    Arrays.setAll(out, i -> i);
    for (int i = 0; i < n - 1; i++) {
      int other = i + Integer.remainderUnsigned(twister.nextInt(), n - i);
      long value = out[i];
      out[i] = out[other];
      out[other] = value;
    }
    return out;
  }

  /**
   * {@code n} draws that are true with probability {@code p} ({@code torch.Tensor.bernoulli_};
   * builds of torch that hand this function to MKL's own generator give other numbers).
   *
   * @throws IllegalArgumentException if {@code p} is not in [0, 1]
   */
  public boolean[] bernoulli(double p, int n) {
    if (!(p >= 0 && p <= 1)) {
      throw new IllegalArgumentException("A probability lies in [0, 1]; got " + p);
    }
    boolean[] out = new boolean[checkCount(n)];
    for (int i = 0; i < n; i++) {
      out[i] = twister.nextDouble() < p;
    }
    return out;
  }

  /** One standard normal number in double precision; every second call takes the cached one. */
  private double nextNormal() {
    if (cachedNormal.isPresent()) {
      double value = cachedNormal.getAsDouble();
      cachedNormal = OptionalDouble.empty();
      return value;
    }
    double angle = 2 * Math.PI * twister.nextDouble();
    double radius = Math.sqrt(-2 * Math.log1p(-twister.nextDouble()));
    cachedNormal = OptionalDouble.of(radius * Math.sin(angle));
    return radius * Math.cos(angle);
  }

  private static int checkCount(int n) {
    if (n < 0) {
      throw new IllegalArgumentException("A count of elements must be >= 0; got " + n);
    }
    return n;
  }

  private static MemorySegment segment(float[] array, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, array.length);
    return MemorySegment.ofArray(array)
        .asSlice((long) offset * Float.BYTES, (long) length * Float.BYTES);
  }

  private static long floats(MemorySegment segment) {
    if (segment.byteSize() % Float.BYTES != 0) {
      throw new IllegalArgumentException(
          "A segment of floats has a multiple of four bytes; got " + segment.byteSize());
    }
    return segment.byteSize() / Float.BYTES;
  }
}
