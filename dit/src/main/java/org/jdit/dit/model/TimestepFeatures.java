package org.jdit.dit.model;

import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;

/**
 * Sinusoidal features of diffusion times, made on the host and given to the network at each run:
 * {@code [cos(t·f_0) … cos(t·f_h-1), sin(t·f_0) … sin(t·f_h-1)]} with {@code f_i = 10000^(-i/h)}.
 *
 * <p>The frequencies and {@code t·f} are rounded to float as torch rounds them, because cos and sin
 * of an angle near 1000 magnify a rounding of the angle; cos and sin of the rounded angle are then
 * exact to the last bit or so.
 */
public final class TimestepFeatures {
  /** Number of features of each time. */
  public static final int DIM = 256;

  private static final double MAX_PERIOD = 10000;

  private TimestepFeatures() {}

  /** Spec of the features of {@code n} times, {@code [n, 256]}. */
  public static Spec spec(int n) {
    return Spec.f32(n, DIM);
  }

  /** Features of times, which may be fractional, {@code [n, 256]}. */
  public static Tensor of(TensorScope scope, Numerics numerics, double... t) {
    return scope.of(Shape.of(t.length, DIM), compute(numerics, DIM, t));
  }

  /** Row-major {@code [n, dim]}; an odd {@code dim} ends with a zero. */
  static float[] compute(Numerics numerics, int dim, double... t) {
    int half = dim / 2;
    float[] features = new float[t.length * dim];
    for (int i = 0; i < half; i++) {
      float exponent = (float) -Math.log(MAX_PERIOD) * i / (half - numerics.frequencyShift());
      float frequency = (float) Math.exp(exponent);
      for (int row = 0; row < t.length; row++) {
        float angle = (float) t[row] * frequency;
        features[row * dim + i] = (float) Math.cos(angle);
        features[row * dim + half + i] = (float) Math.sin(angle);
      }
    }
    return features;
  }
}
