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

  /** Terms of a block: none, one, some pairs, and one more. */
  private static final int DEPTH = 5;

  /** Half of the largest integer up to which floats have them all. */
  private static final int LARGE = 1 << 23;

  private SelfTest() {}

  /** What is wrong with a kernel; empty if nothing is. */
  static Optional<String> failure(TileKernel kernel) {
    Random random = new Random(1);
    TileKernel right = new PlainKernel(MatrixUnit.Kind.AMX);
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

  /** What is wrong with a kernel of blocks; empty if nothing is. */
  static Optional<String> failure(BlockKernel kernel) {
    Random random = new Random(2);
    try (Arena arena = Arena.ofConfined()) {
      for (int height : new int[] {FmaKernel.LOW, FmaKernel.TALL}) {
        for (int depth = 0; depth <= DEPTH; depth++) {
          float[] a = floats(random, 1 + depth * height);
          float[] b = floats(random, depth * FmaKernel.WIDTH);
          MemorySegment right = arena.allocateFrom(ValueLayout.JAVA_FLOAT, b);
          float[] found = floats(random, height * FmaKernel.WIDTH + 1);
          float[] expected = found.clone();
          kernel.multiply(height, a, 1, right.address(), depth, found);
          block(height, a, b, depth, expected);
          int wrong = Arrays.mismatch(expected, found);
          if (wrong >= 0) {
            return Optional.of(
                "element %d of a product of %d rows and %d terms is %s and not %s"
                    .formatted(wrong, height, depth, found[wrong], expected[wrong]));
          }
        }
      }
    }
    return Optional.empty();
  }

  private static void block(int height, float[] a, float[] b, int depth, float[] tile) {
    for (int i = 0; i < height; i++) {
      for (int j = 0; j < FmaKernel.WIDTH; j++) {
        float sum = 0;
        for (int k = 0; k < depth; k++) {
          sum = Math.fma(a[1 + k * height + i], b[k * FmaKernel.WIDTH + j], sum);
        }
        tile[i * FmaKernel.WIDTH + j] = sum;
      }
    }
  }

  private static float[] floats(Random random, int count) {
    float[] all = new float[count];
    for (int i = 0; i < count; i++) {
      all[i] = random.nextFloat(-1, 1);
    }
    return all;
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
