package org.jdit.tensor.tornado.kernel;

import java.util.List;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A value on the device, as kernels see it.
 *
 * @param array the buffer: FloatArray for F32, LongArray for I64, ByteArray for BOOL
 * @param dtype type of the elements
 * @param layout where the elements lie in the buffer in iteration 0
 * @param step elements by which the value lies further in the next iteration of a loop over stacked
 *     weights; 0 for all that is not stacked
 */
public record Operand(TornadoNativeArray array, DType dtype, Strided layout, int step) {
  /** A value that lies at one place in every iteration. */
  public Operand(TornadoNativeArray array, DType dtype, Strided layout) {
    this(array, dtype, layout, 0);
  }

  /** Sizes of the axes. */
  public Shape shape() {
    return layout.shape();
  }

  /** Number of elements. */
  public int numel() {
    return Math.toIntExact(shape().numel());
  }

  /** Position of the first element in iteration 0. */
  public int offset() {
    return Math.toIntExact(layout.offset());
  }

  /** Step along an axis, in elements. */
  public int stride(int axis) {
    return Math.toIntExact(layout.strides().get(axis));
  }

  /** The same buffer under another layout. */
  public Operand with(Strided other) {
    return new Operand(array, dtype, other, step);
  }

  /** Stretched to a shape, without a copy. */
  public Operand expand(Shape to) {
    return with(layout.expand(to));
  }

  /** Axes in another order, without a copy. */
  public Operand permute(List<Integer> axes) {
    return with(layout.permute(axes));
  }

  /** The buffer of an F32 value. */
  public FloatArray floats() {
    return (FloatArray) array;
  }

  /** The buffer of an I64 value. */
  public LongArray longs() {
    return (LongArray) array;
  }

  /** The buffer of a BOOL value. */
  public ByteArray bytes() {
    return (ByteArray) array;
  }
}
