package org.jdit.tensor.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** Transposes in machine code are what plain Java does. */
class TransposeCodeTest {
  /** Plain Java, as the kernel should be. */
  @SuppressWarnings("restricted")
  static void plain(int rows, long from, long row, int blocks, float[] into, int to, int width) {
    MemorySegment memory = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    for (int k = 0; k < 16 * blocks; k++) {
      for (int i = 0; i < rows; i++) {
        into[to + k * width + i] =
            memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, from + i * row + k * 4L);
      }
    }
  }

  @Test
  void thisMachinesKernelTransposesOtherSizesToo() {
    TransposeKernel kernel = FloatCodeTest.here().transposes();
    try (Arena arena = Arena.ofConfined()) {
      for (int rows : new int[] {12, 16}) {
        for (int blocks : new int[] {1, 5}) {
          int across = 16 * blocks + 3;
          MemorySegment x = arena.allocate(4L * rows * across);
          for (int i = 0; i < rows * across; i++) {
            x.setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
          }
          float[] found = new float[7 + 16 * blocks * rows];
          float[] expected = found.clone();
          kernel.transpose(rows, x.address(), 4L * across, blocks, found, 7, rows);
          plain(rows, x.address(), 4L * across, blocks, expected, 7, rows);
          assertThat(found).containsExactly(expected);
        }
      }
    }
  }
}
