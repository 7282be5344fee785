package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Vectors go to where their rows are, in their order, and nothing else changes. */
@EveryWidth
class StridedVectorsTest {
  private static final int STEP = Lanes.COUNT + 5;

  private static float[] numbers(int count, int first) {
    float[] all = new float[count];
    for (int i = 0; i < count; i++) {
      all[i] = first + i;
    }
    return all;
  }

  /** Rows apart from each other, side by side, and over each other. */
  @Test
  void rowsAreLoaded() {
    for (int width : new int[] {Lanes.COUNT + 3, Lanes.COUNT, Lanes.COUNT - 1}) {
      for (int rows : new int[] {0, 1, 2, 7}) {
        try (Arena arena = Arena.ofConfined()) {
          float[] from = numbers(rows * STEP + 1, 1);
          MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_FLOAT, from);
          float[] found = numbers(2 + 8 * width + Lanes.COUNT, -1000);
          float[] expected = found.clone();
          for (int i = 0; i < rows; i++) {
            System.arraycopy(from, 1 + i * STEP, expected, 2 + i * width, Lanes.COUNT);
          }
          long first = memory.address() + Float.BYTES;
          StridedVectors.load(first, (long) STEP * Float.BYTES, rows, found, 2, width);
          assertThat(found).as("%d rows of %d", rows, width).isEqualTo(expected);
        }
      }
    }
  }

  @Test
  void rowsAreStored() {
    for (int rows : new int[] {0, 1, 2, 7}) {
      try (Arena arena = Arena.ofConfined()) {
        float[] from = numbers(3 + rows * (Lanes.COUNT + 1), 1);
        float[] expected = numbers(1 + 8 * STEP, -1000);
        MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_FLOAT, expected);
        for (int i = 0; i < rows; i++) {
          System.arraycopy(from, 3 + i * (Lanes.COUNT + 1), expected, 1 + i * STEP, Lanes.COUNT);
        }
        long first = memory.address() + Float.BYTES;
        StridedVectors.store(from, 3, Lanes.COUNT + 1, rows, first, (long) STEP * Float.BYTES);
        assertThat(memory.toArray(ValueLayout.JAVA_FLOAT)).as("%d rows", rows).isEqualTo(expected);
      }
    }
  }

  @Test
  void vectorsBeyondTheArrayAreRefused() {
    try (Arena arena = Arena.ofConfined()) {
      long memory = arena.allocate(8L * Lanes.BYTES).address();
      float[] array = new float[3 * Lanes.COUNT];
      float[] before = array.clone();
      Arrays.fill(array, 1);
      Arrays.fill(before, 1);
      assertThatThrownBy(() -> StridedVectors.load(memory, Lanes.BYTES, 3, array, 1, Lanes.COUNT))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> StridedVectors.store(array, -1, Lanes.COUNT, 2, memory, Lanes.BYTES))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThat(array).isEqualTo(before);
    }
  }
}
