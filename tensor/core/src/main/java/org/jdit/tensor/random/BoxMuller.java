package org.jdit.tensor.random;

/**
 * The Box-Muller transform of blocks of 16 uniform numbers, as torch fills a tensor of 16 or more
 * elements. The first half {@code u} of a block gives the radius {@code sqrt(-2 log(1 - u))}, the
 * second half {@code v} the angle {@code 2 pi v}; radius times cosine replaces the first half and
 * radius times sine the second.
 *
 * <p>The float form follows torch's AVX2 kernel: the single-precision polynomials of the Cephes
 * library in exactly its order of operations, fused multiply-adds included, because any other
 * rounding would change the last bit of the numbers. It is free of branches on the data, which
 * would be mispredicted half of the time.
 */
final class BoxMuller {
  /** Elements of a block. */
  static final int BLOCK = 16;

  private static final int HALF = BLOCK / 2;
  private static final float TWO_PI = (float) (2 * Math.PI);

  /** Bits of the float below which a mantissa is doubled: sqrt(1/2). */
  private static final int SQRT_HALF_BITS = 0x3f3504f3;

  private BoxMuller() {}

  /**
   * Transforms the first {@code count} elements, a multiple of {@link #BLOCK}, in place: uniform in
   * [0, 1) with 24 bits to normal with the given mean and standard deviation.
   */
  static void transform(float[] a, int count, float mean, float std) {
    for (int block = 0; block < count; block += BLOCK) {
      for (int i = block; i < block + HALF; i++) {
        float radius = (float) Math.sqrt(-2f * log(1f - a[i]));
        float angle = TWO_PI * a[i + HALF];

        // The octant, rounded up to even, and the angle less octant * pi/4 in three parts of pi/4.
        int octant = ((int) (angle * 1.2732395f) + 1) & ~1;
        float k = octant;
        float x = Math.fma(k, -0.78515625f, angle);
        x = Math.fma(k, -2.4187565e-4f, x);
        x = Math.fma(k, -3.774895e-8f, x);
        int cos = Float.floatToRawIntBits(cosPolynomial(x));
        int sin = Float.floatToRawIntBits(sinPolynomial(x));

        // In octants 2 and 6 sine and cosine change places; then each takes its sign.
        int swap = (cos ^ sin) & -((octant >> 1) & 1);
        float c = Float.intBitsToFloat(cos ^ swap ^ ((~(octant - 2) & 4) << 29));
        float s = Float.intBitsToFloat(sin ^ swap ^ ((octant & 4) << 29));
        a[i] = Math.fma(radius * c, std, mean);
        a[i + HALF] = Math.fma(radius * s, std, mean);
      }
    }
  }

  /** As {@link #transform(float[], int, float, float)}, in double precision and mean 0, std 1. */
  static void transform(double[] a, int from, int to) {
    for (int block = from; block < to; block += BLOCK) {
      for (int i = block; i < block + HALF; i++) {
        double radius = Math.sqrt(-2 * Math.log(1 - a[i]));
        double angle = 2 * Math.PI * a[i + HALF];
        a[i] = radius * Math.cos(angle);
        a[i + HALF] = radius * Math.sin(angle);
      }
    }
  }

  /** Natural logarithm of a normal positive float. */
  private static float log(float x) {
    int shifted = Float.floatToRawIntBits(x) - SQRT_HALF_BITS;
    // x = m 2^e with m in [sqrt(1/2), sqrt(2))
    float e = shifted >> 23;
    float m = Float.intBitsToFloat((shifted & 0x7fffff) + SQRT_HALF_BITS) - 1f;
    float z = m * m;
    float y = 7.0376836e-2f;
    y = Math.fma(y, m, -0.1151461f);
    y = Math.fma(y, m, 0.116769984f);
    y = Math.fma(y, m, -0.12420141f);
    y = Math.fma(y, m, 0.14249323f);
    y = Math.fma(y, m, -0.16668057f);
    y = Math.fma(y, m, 0.20000714f);
    y = Math.fma(y, m, -0.24999994f);
    y = Math.fma(y, m, 0.3333333f);
    y *= m;
    y = Math.fma(y, z, e * -2.12194440e-4f);
    y = Math.fma(-z, 0.5f, y);
    return Math.fma(e, 0.6933594f, m + y);
  }

  /** Cosine of an angle in [-pi/4, pi/4]. */
  private static float cosPolynomial(float x) {
    float z = x * x;
    float y = 2.4433157e-5f;
    y = Math.fma(y, z, -1.3887316e-3f);
    y = Math.fma(y, z, 4.1666646e-2f);
    y *= z;
    return Math.fma(y, z, -(z * 0.5f)) + 1f;
  }

  /** Sine of an angle in [-pi/4, pi/4]. */
  private static float sinPolynomial(float x) {
    float z = x * x;
    float y = -1.9515296e-4f;
    y = Math.fma(y, z, 8.332161e-3f);
    y = Math.fma(y, z, -0.16666655f);
    y *= z;
    return Math.fma(y, x, x);
  }
}
