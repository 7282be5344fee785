package org.jdit.tensor.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Transposes in machine code are used where they are what plain Java does. */
class TransposeCodeTest {
  @TempDir Path folder;
  private Path withVectors;

  @BeforeEach
  void processor() throws IOException {
    withVectors = folder.resolve("cpuinfo");
    Files.writeString(withVectors, "flags\t\t: fpu avx2 avx512f\n");
  }

  /** Plain Java, as the kernel should be. */
  @SuppressWarnings("restricted")
  private static void plain(
      int rows, long from, long row, int blocks, float[] into, int to, int width) {
    MemorySegment memory = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    for (int k = 0; k < 16 * blocks; k++) {
      for (int i = 0; i < rows; i++) {
        into[to + k * width + i] =
            memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, from + i * row + k * 4L);
      }
    }
  }

  @Test
  void aKernelThatIsRightIsHandedOut() {
    assertThat(TransposeCode.search(withVectors, () -> TransposeCodeTest::plain))
        .isInstanceOf(Found.Available.class);
  }

  /** Each of these would be a mistake in one instruction of the kernel. */
  @Test
  void kernelsWithMistakesAreFoundOut() {
    wrong((rows, from, row, blocks, into, to, width) -> {});
    wrong(
        (rows, from, row, blocks, into, to, width) ->
            plain(12, from, row, blocks, into, to, width));
    wrong((rows, from, row, blocks, into, to, width) -> plain(rows, from, row, 1, into, to, width));
    wrong(
        (rows, from, row, blocks, into, to, width) ->
            plain(rows, from + 4, row, blocks, into, to, width));
    wrong(
        (rows, from, row, blocks, into, to, width) -> {
          plain(rows, from, row, blocks, into, to, width);
          into[to - 1] = 0;
        });
    // Beyond the last row, whose store must be cut.
    wrong(
        (rows, from, row, blocks, into, to, width) -> {
          plain(rows, from, row, blocks, into, to, width);
          into[to + (16 * blocks - 1) * width + rows] = 0;
        });
  }

  private void wrong(TransposeKernel kernel) {
    Found<TransposeKernel> found = TransposeCode.search(withVectors, () -> kernel);
    assertThat(found).isInstanceOf(Found.Absent.class);
    assertThat(((Found.Absent<TransposeKernel>) found).broken()).isTrue();
  }

  @Test
  void thisMachinesKernelTransposesOtherSizesToo() {
    assumeThat(TransposeCode.find().toOptional()).as("%s", TransposeCode.find()).isPresent();
    TransposeKernel kernel = TransposeCode.find().toOptional().orElseThrow();
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
