package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;

/**
 * A value in memory, as kernels see it.
 *
 * @param data the buffer
 * @param dtype type of the elements
 * @param layout where the elements lie in the buffer
 */
public record Operand(MemorySegment data, DType dtype, Strided layout) {
  /** Row-major without gaps, from the start of {@code data}. */
  public static Operand contiguous(MemorySegment data, DType dtype, Shape shape) {
    return new Operand(data, dtype, Strided.contiguous(shape));
  }

  /** Sizes of the axes. */
  public Shape shape() {
    return layout.shape();
  }

  /** Number of elements. */
  public long numel() {
    return shape().numel();
  }

  /** The same buffer under another layout. */
  public Operand with(Strided other) {
    return new Operand(data, dtype, other);
  }

  /** Stretched to a shape, without a copy. */
  public Operand expand(Shape to) {
    return with(layout.expand(to));
  }

  /** Byte position of the first element in the buffer. */
  public long byteOffset() {
    return layout.offset() * dtype.bytes();
  }

  /** Whether elements of both may lie in the same memory off the heap. */
  boolean overlaps(Operand other) {
    return data.isNative()
        && other.data.isNative()
        && begin() < other.end()
        && other.begin() < end();
  }

  private long begin() {
    return data.address() + byteOffset();
  }

  private long end() {
    return data.address() + layout.end() * dtype.bytes();
  }
}
