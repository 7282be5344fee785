package org.jdit.tensor.io;

import java.util.Arrays;
import java.util.Optional;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;

/** Sizes that a file declares. */
final class Sizes {
  private Sizes() {}

  /** The spec of the given sizes, unless they are beyond what a tensor can have. */
  static Optional<Spec> spec(long[] sizes, DType dtype) {
    if (Arrays.stream(sizes).anyMatch(n -> n < 0 || n > Integer.MAX_VALUE)) {
      return Optional.empty();
    }
    Spec spec = new Spec(new Shape(Arrays.stream(sizes).mapToObj(n -> (int) n).toList()), dtype);
    try {
      spec.bytes();
      return Optional.of(spec);
    } catch (ArithmeticException _) {
      return Optional.empty();
    }
  }
}
