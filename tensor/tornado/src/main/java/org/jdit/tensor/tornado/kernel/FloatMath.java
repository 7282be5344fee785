package org.jdit.tensor.tornado.kernel;

import uk.ac.manchester.tornado.api.math.TornadoMath;

/**
 * Functions of floats for use in kernels, made of the device's exponential (within 3 units in the
 * last place, ulp, in OpenCL and CUDA) and sums of products, which become fused multiply-adds on
 * the device. Polynomials are minimax fits of the relative error. NaN gives NaN.
 */
final class FloatMath {
  private static final float SQRT_2_OVER_PI = 0.7978846f;

  private FloatMath() {}

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
    float large = 1f - TornadoMath.exp(q);
    float signed = x < 0f ? -large : large;
    return size < 1f ? small : signed;
  }

  /**
   * GELU in its tanh form, {@code x / (1 + exp(-2u))} with {@code u = sqrt(2/π)(x + 0.044715x³)}:
   * the same number as {@code x (1 + tanh u) / 2} without its cancellation below 0.
   */
  static float gelu(float x) {
    float slope = x * x * (-2 * SQRT_2_OVER_PI * 0.044715f) + -2 * SQRT_2_OVER_PI;
    return x / (TornadoMath.exp(slope * x) + 1f);
  }

  /** {@code x / (1 + exp(-x))}. */
  static float silu(float x) {
    return x / (TornadoMath.exp(-x) + 1f);
  }

  /** Hyperbolic tangent, to 2 ulp and exactly 1 far from 0: a polynomial below 0.6. */
  static float tanh(float x) {
    float z = x * x;
    float p = z * -0.005635065f + 0.020576477f;
    p = p * z + -0.053720433f;
    p = p * z + 0.13331208f;
    p = p * z + -0.33333272f;
    float small = p * z * x + x;
    float size = x < 0f ? -x : x;
    float large = 1f - 2f / (TornadoMath.exp(2f * size) + 1f);
    float signed = x < 0f ? -large : large;
    return size < 0.6f ? small : signed;
  }
}
