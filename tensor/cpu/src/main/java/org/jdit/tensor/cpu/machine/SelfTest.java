package org.jdit.tensor.cpu.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;

/**
 * Whether a kernel computes what {@link PlainKernel} does. The numbers are small integers, and sums
 * to add to that leave no bit of a float unused, so that every order of adding gives the same.
 */
final class SelfTest {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int STEPS = 3;

  /** Half of the largest integer up to which floats have them all. */
  private static final int LARGE = 1 << 23;

  private SelfTest() {}

  /** What is wrong with a kernel; empty if nothing is. */
  static Optional<String> failure(TileKernel kernel) {
    Random random = new Random(1);
    TileKernel right = new PlainKernel();
    try (Arena arena = Arena.ofConfined()) {
      long a = panel(arena, random).address();
      long b = panel(arena, random).address();
      float[] sums = new float[MatrixUnit.SIDE * MatrixUnit.SIDE];
      for (int i = 0; i < sums.length; i++) {
        sums[i] = random.nextInt(-LARGE, LARGE);
      }
      for (int steps = 1; steps <= STEPS; steps++) {
        for (boolean accumulate : new boolean[] {false, true}) {
          float[] expected = sums.clone();
          float[] found = sums.clone();
          right.multiply(a, b, expected, steps, accumulate);
          kernel.multiply(a, b, found, steps, accumulate);
          int wrong = Arrays.mismatch(expected, found);
          if (wrong >= 0) {
            return Optional.of(
                "element %d of a product of %d terms is %s and not %s"
                    .formatted(wrong, steps * MatrixUnit.STEP, found[wrong], expected[wrong]));
          }
        }
      }
    }
    return Optional.empty();
  }

  private static MemorySegment panel(Arena arena, Random random) {
    MemorySegment panel = arena.allocate(MatrixUnit.bytes(STEPS), 64);
    for (long i = 0; i < panel.byteSize(); i += Short.BYTES) {
      int bits = Float.floatToRawIntBits(random.nextInt(-100, 101));
      panel.set(SHORT, i, (short) (bits >>> 16));
    }
    return panel;
  }
}
