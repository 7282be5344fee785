package org.jdit.tensor.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Blocks in machine code are what plain Java computes, to the bit. */
class FmaKernelTest {
  /** Plain Java, as the kernel should be. */
  @SuppressWarnings("restricted")
  static void plain(int height, float[] a, int at, long b, int depth, float[] tile) {
    MemorySegment right = MemorySegment.ofAddress(b).reinterpret(depth * 32L * Float.BYTES);
    for (int i = 0; i < height; i++) {
      for (int j = 0; j < 32; j++) {
        float sum = 0;
        for (int k = 0; k < depth; k++) {
          float y = right.getAtIndex(ValueLayout.JAVA_FLOAT, k * 32L + j);
          sum = Math.fma(a[at + k * height + i], y, sum);
        }
        tile[i * 32 + j] = sum;
      }
    }
  }

  @Test
  void thisMachinesKernelGivesTheBitsOfPlainJava() {
    BlockKernel kernel = FloatCodeTest.here().products();
    Random random = new Random(3);
    try (Arena arena = Arena.ofConfined()) {
      for (int depth : new int[] {0, 1, 2, 7, 64, 1153}) {
        for (int height : new int[] {6, 12}) {
          float[] a = floats(random, depth * height + 5);
          float[] b = floats(random, depth * 32);
          MemorySegment right = arena.allocate(depth * 128L + 4).asSlice(4);
          MemorySegment.copy(b, 0, right, ValueLayout.JAVA_FLOAT, 0, b.length);
          float[] found = floats(random, height * 32 + 1);
          float[] expected = found.clone();
          kernel.multiply(height, a, 5, right.address(), depth, found);
          plain(height, a, 5, right.address(), depth, expected);
          assertThat(found).containsExactly(expected);
        }
      }
    }
  }

  /** Among them what a float has besides ordinary numbers. */
  private static float[] floats(Random random, int count) {
    float[] all = new float[count];
    for (int i = 0; i < count; i++) {
      all[i] =
          switch (random.nextInt(100)) {
            case 0 -> -0f;
            case 1 -> Float.MIN_VALUE * random.nextInt(1000);
            case 2 -> random.nextFloat() * 1e30f;
            default -> (float) random.nextGaussian();
          };
    }
    return all;
  }
}
