package org.jdit.tensor.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Blocks in machine code are used where they are what plain Java computes, to the bit. */
class FmaKernelTest {
  @TempDir Path folder;
  private Path withVectors;

  @BeforeEach
  void processor() throws IOException {
    withVectors = folder.resolve("cpuinfo");
    Files.writeString(withVectors, "flags\t\t: fpu avx2 avx512f avx512bw\n");
  }

  /** Plain Java, as the kernel should be. */
  @SuppressWarnings("restricted")
  private static void plain(int height, float[] a, int at, long b, int depth, float[] tile) {
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
  void aKernelThatIsRightIsHandedOut() {
    assertThat(FmaKernel.search(withVectors, () -> FmaKernelTest::plain))
        .isInstanceOf(Found.Available.class);
  }

  @Test
  void aProcessorWithoutTheVectorsHasNone() throws IOException {
    Path file = folder.resolve("old");
    Files.writeString(file, "flags\t\t: fpu avx2\n");
    assertThat(FmaKernel.search(file, () -> FmaKernelTest::plain))
        .isEqualTo(new Found.Absent<>("the processor has no avx512f", false));
  }

  /** Each of these would be a mistake in one instruction of the kernel. */
  @Test
  void kernelsWithMistakesAreFoundOut() {
    wrong((height, a, at, b, depth, tile) -> {});
    wrong((height, a, at, b, depth, tile) -> plain(height, a, at - 1, b, depth, tile));
    wrong((height, a, at, b, depth, tile) -> plain(height, a, at, b, depth / 2 * 2, tile));
    wrong((height, a, at, b, depth, tile) -> plain(6, a, at, b, depth, tile));
    wrong(
        (height, a, at, b, depth, tile) -> {
          plain(height, a, at, b, depth, tile);
          tile[height * 32 - 1] = Math.nextUp(tile[height * 32 - 1]);
        });
    // Beyond the block.
    wrong(
        (height, a, at, b, depth, tile) -> {
          plain(height, a, at, b, depth, tile);
          tile[height * 32] = 0;
        });
  }

  private void wrong(BlockKernel kernel) {
    Found<BlockKernel> found = FmaKernel.search(withVectors, () -> kernel);
    assertThat(found).isInstanceOf(Found.Absent.class);
    Found.Absent<BlockKernel> absent = (Found.Absent<BlockKernel>) found;
    assertThat(absent.broken()).isTrue();
    assertThat(absent.reason())
        .startsWith("AVX-512 machine code is there but computes what is wrong: element ");
  }

  @Test
  void thisMachinesKernelGivesTheBitsOfPlainJava() {
    assumeThat(FmaKernel.find().toOptional()).as("%s", FmaKernel.find()).isPresent();
    BlockKernel kernel = FmaKernel.find().toOptional().orElseThrow();
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
