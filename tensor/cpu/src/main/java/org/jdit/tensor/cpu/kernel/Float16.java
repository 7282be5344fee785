package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * IEEE half-precision numbers in memory, to and from floats. The loops have one side on the heap,
 * since C2 makes vectors only of what cannot overlap.
 */
final class Float16 {
  private static final ValueLayout.OfShort BITS =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(Lanes.LITTLE);

  /** Floats that go by way of the heap together, which then are in the first-level cache. */
  private static final int CHUNK = 1024;

  private Float16() {}

  /** Stores {@code count} floats that are half-precision numbers in two bytes each. */
  static void narrow(float[] from, int count, long to) {
    for (int i = 0; i < count; i++) {
      Lanes.MEMORY.set(BITS, to + (long) i * Short.BYTES, Float.floatToFloat16(from[i]));
    }
  }

  /**
   * Fills {@code count} floats from two bytes each.
   *
   * @param buffer at least 1024 floats to overwrite
   */
  static void widen(long from, int count, float[] buffer, long to) {
    for (int i = 0; i < count; i += CHUNK) {
      int n = Math.min(CHUNK, count - i);
      widen(from + (long) i * Short.BYTES, n, buffer);
      MemorySegment.copy(buffer, 0, Lanes.MEMORY, Panel.FLOAT, to + (long) i * Float.BYTES, n);
    }
  }

  private static void widen(long from, int count, float[] to) {
    for (int i = 0; i < count; i++) {
      to[i] = at(from + (long) i * Short.BYTES);
    }
  }

  /** The element at an address. */
  static float at(long address) {
    return Float.float16ToFloat(Lanes.MEMORY.get(BITS, address));
  }
}
