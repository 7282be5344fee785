package org.jdit.tensor.tornado;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.tornado.kernel.Frame;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Arrays that TornadoVM moves between host and device, over host memory of ours: a header that
 * belongs to TornadoVM, then the elements. Closing frees the host memory.
 */
final class DeviceArrays implements AutoCloseable, Frame.Tables {
  private final Memory memory;
  private final TornadoDevices.Device device;
  private final Map<TornadoNativeArray, Memory.Slab> slabs = new HashMap<>();
  private long total;

  DeviceArrays(TornadoBackend backend) {
    this.memory = backend.memory();
    this.device = backend.device();
  }

  /** A zero-filled array; an empty one gets an element, as devices have no empty buffers. */
  TornadoNativeArray allocate(DType dtype, long elements) {
    if (elements > Integer.MAX_VALUE) {
      throw new JditException(
          ("an array of %d elements is more than TornadoVM's arrays hold (%d);"
                  + " use a smaller batch or a smaller model")
              .formatted(elements, Integer.MAX_VALUE));
    }
    long bytes = Math.max(elements, 1) * dtype.bytes();
    return switch (dtype) {
      case F32 -> wrapped(bytes, FloatArray::fromSegmentShallow);
      case I64 -> wrapped(bytes, LongArray::fromSegmentShallow);
      case BOOL -> wrapped(bytes, ByteArray::fromSegmentShallow);
      case F64, F16, BF16, I32, I16, I8, U8 ->
          throw new IllegalArgumentException("no device array for " + dtype);
    };
  }

  @Override
  public IntArray of(int... values) {
    IntArray array = wrapped(Math.max(values.length, 1) * 4L, IntArray::fromSegmentShallow);
    for (int i = 0; i < values.length; i++) {
      array.set(i, values[i]);
    }
    return array;
  }

  @Override
  public FloatArray of(float... values) {
    FloatArray array = wrapped(Math.max(values.length, 1) * 4L, FloatArray::fromSegmentShallow);
    for (int i = 0; i < values.length; i++) {
      array.set(i, values[i]);
    }
    return array;
  }

  private <A extends TornadoNativeArray> A wrapped(long bytes, Function<MemorySegment, A> wrap) {
    long whole = TornadoNativeArray.ARRAY_HEADER + bytes;
    device.check(total + whole, whole);
    Memory.Slab slab = memory.allocate(whole);
    A array = wrap.apply(slab.segment().asSlice(0, whole));
    slabs.put(array, slab);
    total += slab.segment().byteSize();
    return array;
  }

  /** Frees the host memory of one array. */
  void free(TornadoNativeArray array) {
    Memory.Slab slab = slabs.remove(array);
    total -= slab.segment().byteSize();
    slab.close();
  }

  /** Bytes of the elements and headers of all arrays. */
  long bytes() {
    return total;
  }

  @Override
  public void close() {
    slabs.values().forEach(Memory.Slab::close);
  }
}
