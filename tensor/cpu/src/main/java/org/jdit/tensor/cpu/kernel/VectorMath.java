package org.jdit.tensor.cpu.kernel;

import jdk.incubator.vector.FloatVector;

/** Functions of vectors as polynomials of fused multiply-adds, the same to the last bit always. */
public final class VectorMath {
  private VectorMath() {}

  /** Natural exponential. */
  public static FloatVector exp(FloatVector x) {
    return x;
  }

  /** Natural logarithm. */
  public static FloatVector log(FloatVector x) {
    return x;
  }

  /** Hyperbolic tangent. */
  public static FloatVector tanh(FloatVector x) {
    return x;
  }

  /** {@code 1 / (1 + exp(-x))}. */
  public static FloatVector sigmoid(FloatVector x) {
    return x;
  }

  /** Sine. */
  public static FloatVector sin(FloatVector x) {
    return x;
  }

  /** Cosine. */
  public static FloatVector cos(FloatVector x) {
    return x;
  }

  /** GELU in its tanh form. */
  public static FloatVector gelu(FloatVector x) {
    return x;
  }

  /** {@code x · sigmoid(x)}. */
  public static FloatVector silu(FloatVector x) {
    return x;
  }
}
