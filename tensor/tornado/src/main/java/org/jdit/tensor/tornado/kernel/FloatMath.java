package org.jdit.tensor.tornado.kernel;

/**
 * Functions of floats as polynomials for use in kernels: the same accuracy on every device, whose
 * built-in functions differ. Products followed by sums become fused multiply-adds on the device.
 * Polynomials are minimax fits of the relative error; errors are given in units in the last place
 * (ulp) of the result. NaN gives NaN.
 */
final class FloatMath {
  /** Adding this rounds to an integer. */
  private static final float ROUND = 0x1.8p23f;

  private static final float LOG2_E = 1.442695f;
  private static final float LN2_HIGH = 0.6931472f;
  private static final float LN2_LOW = -1.9046542e-9f;
  private static final float SQRT_2_OVER_PI = 0.7978846f;

  private FloatMath() {}

  /**
   * Natural exponential, to 1 ulp; 0 below the smallest denormal number, infinity above the largest
   * float.
   */
  static float exp(float x) {
    float low = x < -104f ? -104f : x;
    float limited = low > 89f ? 89f : low;
    float n = (limited * LOG2_E + ROUND) - ROUND;
    float r = n * -LN2_HIGH + limited;
    r = n * -LN2_LOW + r;
    float p = r * 1.3814613e-3f + 8.36871e-3f;
    p = p * r + 4.166839e-2f;
    p = p * r + 1.6666521e-1f;
    p = p * r + 0.49999994f;
    p = p * (r * r) + r + 1f;
    // 2^n as a product of two halves, so that denormal numbers and infinity come out of it.
    int exponent = (int) n;
    int half = exponent >> 1;
    return p * powerOfTwo(half) * powerOfTwo(exponent - half);
  }

  private static float powerOfTwo(int exponent) {
    return Float.intBitsToFloat((exponent + 127) << 23);
  }

  /**
   * Error function, to 2 ulp: a polynomial below 1, and above it one for the logarithm of 1 - erf.
   */
  static float erf(float x) {
    float z = x * x;
    float p = z * -9.67359e-6f + 1.1268254e-4f;
    p = p * z + -8.4843964e-4f;
    p = p * z + 0.0052210535f;
    p = p * z + -0.026865438f;
    p = p * z + 0.11283783f;
    p = p * z + -0.37612638f;
    p = p * z + 0.12837917f;
    float small = p * x + x;
    float size = x < 0f ? -x : x;
    float t = size > 4f ? 4f : size;
    float q = t * 1.5714821e-6f + -4.4762863e-5f;
    q = q * t + 5.859133e-4f;
    q = q * t + -0.0047086794f;
    q = q * t + 0.026276719f;
    q = q * t + -0.109826066f;
    q = q * t + -0.6320962f;
    q = q * t + -1.1300749f;
    q = q * t + 2.808105e-4f;
    float large = 1f - exp(q);
    float signed = x < 0f ? -large : large;
    return size < 1f ? small : signed;
  }

  /**
   * GELU in its tanh form, {@code x / (1 + exp(-2u))} with {@code u = sqrt(2/π)(x + 0.044715x³)}:
   * the same number as {@code x (1 + tanh u) / 2} without its cancellation below 0. To 4 ulp above
   * -1; below, the exponent's rounding adds up to {@code 3 |2u|} ulp.
   */
  static float gelu(float x) {
    float slope = x * x * (-2 * SQRT_2_OVER_PI * 0.044715f) + -2 * SQRT_2_OVER_PI;
    return x / (exp(slope * x) + 1f);
  }

  /** {@code x / (1 + exp(-x))}, to 4 ulp down to -80. */
  static float silu(float x) {
    return x / (exp(-x) + 1f);
  }
}
