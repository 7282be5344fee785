package org.jdit.diffusion.sampler;

/**
 * A linear combination of the tensors that meet in a step (state, predicted noise, fresh noise),
 * kept as its weights. Solvers do their algebra on these, in double and on the host.
 */
final class Combination {
  private final double[] weights;

  private Combination(double[] weights) {
    this.weights = weights;
  }

  /** The tensor at {@code index} of {@code size}, alone. */
  static Combination of(int index, int size) {
    double[] w = new double[size];
    w[index] = 1;
    return new Combination(w);
  }

  double weight(int index) {
    return weights[index];
  }

  Combination plus(Combination other) {
    return plus(1, other);
  }

  Combination minus(Combination other) {
    return plus(-1, other);
  }

  /** {@code this + factor · other}. */
  Combination plus(double factor, Combination other) {
    double[] w = weights.clone();
    for (int i = 0; i < w.length; i++) {
      w[i] += factor * other.weights[i];
    }
    return new Combination(w);
  }

  Combination times(double factor) {
    double[] w = weights.clone();
    for (int i = 0; i < w.length; i++) {
      w[i] *= factor;
    }
    return new Combination(w);
  }
}
