package org.jdit.tensor;

/**
 * All that is known of a value before anything runs.
 *
 * @param shape sizes of its axes
 * @param dtype type of its elements
 */
public record Spec(Shape shape, DType dtype) {
  /** A float32 value of the given sizes. */
  public static Spec f32(int... dims) {
    return new Spec(Shape.of(dims), DType.F32);
  }

  /** An int64 value of the given sizes. */
  public static Spec i64(int... dims) {
    return new Spec(Shape.of(dims), DType.I64);
  }

  /** Bytes of the value, stored row-major without gaps. */
  public long bytes() {
    return Math.multiplyExact(shape.numel(), (long) dtype.bytes());
  }

  /** The same element type with another shape. */
  public Spec with(Shape other) {
    return new Spec(other, dtype);
  }

  /**
   * Whether a value of this spec can hold every value of another one as it is: float32 holds the
   * half-precision types, and each spec holds itself.
   */
  public boolean holds(Spec other) {
    boolean wider = dtype == DType.F32 && (other.dtype == DType.F16 || other.dtype == DType.BF16);
    return shape.equals(other.shape) && (dtype == other.dtype || wider);
  }

  @Override
  public String toString() {
    return dtype.name().toLowerCase(java.util.Locale.ROOT) + shape;
  }
}
