package org.jdit.tensor;

/**
 * Numbers of one byte: {@code q · scale}, with q from -127 to 127 and one scale for all numbers of
 * an output channel. A scale has 17 significant bits, so the product has 24 at most and float32
 * holds it as it is: numbers that were made of bytes give the same scale and bytes again.
 */
public final class Int8 {
  /** The largest byte; the smallest is its negative. */
  public static final int LARGEST = 127;

  /** The lower bits of a float that a scale does not use: 24 - 17. */
  private static final int UNUSED = (1 << 7) - 1;

  private Int8() {}

  /**
   * The scale for numbers of which the largest has this absolute value: a 127th of it, rounded up
   * to 17 bits. It is never below the least normal float, which has as many bits as any; so nothing
   * is divided by zero. Infinity or NaN for a number that is no other.
   */
  public static float scale(float largest) {
    int bits = Float.floatToIntBits(largest / LARGEST);
    return Math.max(Float.intBitsToFloat((bits + UNUSED) & ~UNUSED), Float.MIN_NORMAL);
  }

  /** Whether {@link #scale} could have given a number. */
  public static boolean isScale(float x) {
    return x >= Float.MIN_NORMAL
        && Float.isFinite(x * LARGEST)
        && (Float.floatToRawIntBits(x) & UNUSED) == 0;
  }

  /** The byte whose number is nearest to a finite one. */
  public static byte nearest(float x, float scale) {
    return (byte) Math.rint((double) x / scale);
  }
}
