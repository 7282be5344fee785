package org.jdit.tensor.cpu.kernel;

import org.jdit.tensor.DType;
import org.jdit.tensor.spi.Precision;

/** How the elements of packed weights are kept; float32 holds every number of each. */
enum Stored {
  F32(Float.BYTES),
  F16(Short.BYTES),
  BF16(Short.BYTES);

  private final int bytes;

  Stored(int bytes) {
    this.bytes = bytes;
  }

  /** In as few bytes as hold what a precision leaves of numbers of some type. */
  static Stored of(Precision precision, DType type) {
    if (precision == Precision.BF16) {
      return BF16;
    }
    // What has no more than eleven bits is the sum of two bfloat16 numbers already.
    return switch (type) {
      case F16 -> F16;
      case BF16 -> BF16;
      case F32, F64, I64, I32, I16, I8, U8, BOOL -> F32;
    };
  }

  /** Floats that take as many bytes as {@code count} elements, rounded up. */
  int floats(int count) {
    return Math.ceilDiv(count * bytes, Float.BYTES);
  }

  /** Address of an element. */
  long address(long from, long index) {
    return from + index * bytes;
  }
}
