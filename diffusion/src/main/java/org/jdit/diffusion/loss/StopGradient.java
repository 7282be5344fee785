package org.jdit.diffusion.loss;

import org.jdit.tensor.DType;
import org.jdit.tensor.Tensor;

/**
 * A value through which no gradient flows. Conversion to integers stops gradients, so the value is
 * split into two fixed-point parts: exact to the last bit for magnitudes from 2^-12 to 2^19, and to
 * 2^-36 below.
 */
final class StopGradient {
  private static final double COARSE = 0x1p12;
  private static final double FINE = 0x1p36;

  private StopGradient() {}

  static Tensor of(Tensor x) {
    Tensor whole = truncated(x, COARSE);
    return whole.add(truncated(x.sub(whole), FINE));
  }

  private static Tensor truncated(Tensor x, double scale) {
    return x.mul(scale).cast(DType.I32).cast(x.dtype()).mul(1 / scale);
  }
}
