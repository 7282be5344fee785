package org.jdit.tensor.cpu.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Random;

/** Panels of random bfloat16, and their elements. */
final class PanelData {
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);

  private PanelData() {}

  /** Normally distributed numbers, cut off to bfloat16. */
  static MemorySegment random(Arena arena, int steps, Random random) {
    MemorySegment panel = arena.allocate(Math.max(64, MatrixUnit.bytes(steps)), 64);
    for (long i = 0; i < MatrixUnit.bytes(steps); i += Short.BYTES) {
      int bits = Float.floatToRawIntBits((float) random.nextGaussian());
      panel.set(SHORT, i, (short) (bits >>> 16));
    }
    return panel;
  }

  /** Element of a left panel. */
  static float left(MemorySegment panel, int row, int term) {
    return get(panel, (term / 32 * 32L + row) * 32 + term % 32);
  }

  /** Element of a right panel. */
  static float right(MemorySegment panel, int term, int column) {
    return get(panel, (term / 2 * 32L + column) * 2 + term % 2);
  }

  private static float get(MemorySegment panel, long at) {
    return Float.intBitsToFloat(panel.getAtIndex(SHORT, at) << 16);
  }
}
