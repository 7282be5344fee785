package org.jdit.dit.image;

/** How much a pixel counts by its distance. */
enum Filter {
  BOX(0.5) {
    @Override
    double weight(double x) {
      return x > -0.5 && x <= 0.5 ? 1 : 0;
    }
  },
  /** Keys' cubic with a = −0.5. */
  BICUBIC(2) {
    private static final double A = -0.5;

    @Override
    double weight(double distance) {
      double x = Math.abs(distance);
      if (x < 1) {
        return ((A + 2) * x - (A + 3)) * x * x + 1;
      }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
    }
  };

  private final double support;

  Filter(double support) {
    this.support = support;
  }

  /** From which distance on a pixel does not count. */
  double support() {
    return support;
  }

  abstract double weight(double x);
}
