package org.jdit.tensor.cpu.kernel;

import org.jdit.tensor.DType;
import org.jdit.tensor.spi.Precision;

/** How the elements of packed weights are kept; float32 holds every number of each. */
enum Stored {
  F32,
  F16,
  BF16,
  I8;

  /** In as few bytes as hold what a precision leaves of numbers of some type. */
  static Stored of(Precision precision, DType type) {
    boolean rounded = precision == Precision.BF16;
    // What has no more than eleven bits is the sum of two bfloat16 numbers already.
    return switch (type) {
      case I8 -> I8;
      case F16 -> rounded ? BF16 : F16;
      case BF16 -> BF16;
      case F32, F64, I64, I32, I16, U8, BOOL -> rounded ? BF16 : F32;
    };
  }

  /** Floats that take as many bytes as a line of {@code terms} elements, rounded up. */
  int floats(int terms) {
    return switch (this) {
      case F32 -> terms;
      case F16, BF16 -> Math.ceilDiv(terms, Float.BYTES / Short.BYTES);
      case I8 -> Int8Panel.floats(terms);
    };
  }
}
