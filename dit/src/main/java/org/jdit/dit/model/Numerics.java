package org.jdit.dit.model;

/**
 * Which implementation's numbers a network reproduces; its weights only make sense with those it
 * was trained or converted for. They differ in two places.
 */
public enum Numerics {
  /** The official code: frequency exponents {@code i / half}, every LayerNorm eps 1e-6. */
  OFFICIAL(0, 1e-6),
  /**
   * diffusers' DiTTransformer2DModel: frequency exponents {@code i / (half - 1)}, eps 1e-5 before
   * the MLP.
   */
  DIFFUSERS(1, 1e-5);

  private final int frequencyShift;
  private final double mlpNormEps;

  Numerics(int frequencyShift, double mlpNormEps) {
    this.frequencyShift = frequencyShift;
    this.mlpNormEps = mlpNormEps;
  }

  /** What is taken from the number of frequencies before it divides the exponents. */
  int frequencyShift() {
    return frequencyShift;
  }

  /** eps of the LayerNorm before the MLP. */
  double mlpNormEps() {
    return mlpNormEps;
  }
}
