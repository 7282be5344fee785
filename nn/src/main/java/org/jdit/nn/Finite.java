package org.jdit.nn;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.Value;

/** Looks for NaN and infinity, fast enough to be done with every weight that is loaded. */
final class Finite {
  private static final ValueLayout.OfInt BITS =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort HALF_BITS =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Elements looked at together: small enough for the first-level cache. */
  private static final int CHUNK = 4096;

  private static final int MAGNITUDE = 0x7fffffff;
  private static final int INFINITY = 0x7f800000;
  private static final int HALF_MAGNITUDE = 0x7fff;
  private static final int F16_INFINITY = 0x7c00;
  private static final int BF16_INFINITY = 0x7f80;

  private Finite() {}

  /** Whether all elements of a tensor of type F32, F16 or BF16 are finite. */
  static boolean all(Tensor t) {
    Value.Concrete c = t.concrete();
    if (!c.layout().isContiguous()) {
      for (float f : t.toFloats()) {
        if (!Float.isFinite(f)) {
          return false;
        }
      }
      return true;
    }
    return switch (t.dtype()) {
      case F16 -> halves(c, t.shape().numel(), F16_INFINITY);
      case BF16 -> halves(c, t.shape().numel(), BF16_INFINITY);
      case F32 -> floats(c, t.shape().numel());
      case F64, I64, I32, I16, I8, U8, BOOL ->
          throw new IllegalArgumentException("not looked at: " + t.spec());
    };
  }

  private static boolean floats(Value.Concrete c, long n) {
    int[] bits = new int[CHUNK];
    for (long done = 0; done < n; done += CHUNK) {
      int count = (int) Math.min(CHUNK, n - done);
      MemorySegment.copy(
          c.data(), BITS, (c.layout().offset() + done) * Float.BYTES, bits, 0, count);
      if (largestMagnitude(bits, count) >= INFINITY) {
        return false;
      }
    }
    return true;
  }

  private static boolean halves(Value.Concrete c, long n, int infinity) {
    short[] bits = new short[CHUNK];
    for (long done = 0; done < n; done += CHUNK) {
      int count = (int) Math.min(CHUNK, n - done);
      MemorySegment.copy(
          c.data(), HALF_BITS, (c.layout().offset() + done) * Short.BYTES, bits, 0, count);
      int largest = 0;
      for (int i = 0; i < count; i++) {
        largest = Math.max(largest, bits[i] & HALF_MAGNITUDE);
      }
      if (largest >= infinity) {
        return false;
      }
    }
    return true;
  }

  /** The magnitudes of floats are ordered as their bits are, NaN last. */
  private static int largestMagnitude(int[] bits, int count) {
    int largest = 0;
    for (int i = 0; i < count; i++) {
      largest = Math.max(largest, bits[i] & MAGNITUDE);
    }
    return largest;
  }
}
