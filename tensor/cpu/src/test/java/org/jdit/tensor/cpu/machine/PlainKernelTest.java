package org.jdit.tensor.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.jdit.tensor.cpu.machine.MatrixUnit.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What other kernels are measured by is right itself. */
class PlainKernelTest {
  private final TileKernel kernel = new PlainKernel(Kind.AMX);

  @ParameterizedTest
  @EnumSource
  void productsAreThoseOfDoubleLoops(Kind kind) {
    TileKernel kernel = new PlainKernel(kind);
    Random random = new Random(1);
    try (Arena arena = Arena.ofConfined()) {
      for (int steps : new int[] {1, 3, 36}) {
        MemorySegment a = PanelData.random(arena, steps, random);
        MemorySegment b = PanelData.random(arena, steps, random);
        float[] c = new float[1024];
        Arrays.fill(c, Float.NaN);
        kernel.multiply(a.address(), b.address(), c, steps, false);
        float[] added = new float[1024];
        Arrays.fill(added, 100);
        kernel.multiply(a.address(), b.address(), added, steps, true);
        for (int i = 0; i < 32; i++) {
          for (int j = 0; j < 32; j++) {
            double sum = 0;
            double size = 0;
            for (int k = 0; k < 32 * steps; k++) {
              double product = (double) PanelData.left(a, i, k) * PanelData.right(b, k, j);
              sum += product;
              size += Math.abs(product);
            }
            // Sums are rounded to 24 bits: for any term 50 times, or as often as there are terms.
            int times = kind == Kind.AMX ? 50 : 32 * steps;
            double rounding = times * (size + 100) * 0x1p-24;
            assertThat((double) c[i * 32 + j]).isCloseTo(sum, within(rounding));
            assertThat((double) added[i * 32 + j]).isCloseTo(sum + 100, within(rounding));
          }
        }
      }
    }
  }

  /** Two calls make the same chain of steps as one, so blocks of terms change no bit. */
  @ParameterizedTest
  @EnumSource
  void aSumMayBeCutAtAnyStep(Kind kind) {
    TileKernel kernel = new PlainKernel(kind);
    Random random = new Random(2);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment a = PanelData.random(arena, 5, random);
      MemorySegment b = PanelData.random(arena, 5, random);
      float[] whole = new float[1024];
      kernel.multiply(a.address(), b.address(), whole, 5, false);
      float[] cut = new float[1024];
      long rest = MatrixUnit.bytes(2);
      kernel.multiply(a.address(), b.address(), cut, 2, false);
      kernel.multiply(a.address() + rest, b.address() + rest, cut, 3, true);
      assertThat(cut).containsExactly(whole);
    }
  }

  @Test
  void noStepsGiveZeroOrChangeNothing() {
    float[] c = new float[1024];
    Arrays.fill(c, 3);
    kernel.multiply(0, 0, c, 0, true);
    assertThat(c).containsOnly(3);
    kernel.multiply(0, 0, c, 0, false);
    assertThat(c).containsOnly(0);
  }

  /** Even and odd terms are chains of their own: 1 and -1 meet only after both have lost 2^-25. */
  @Test
  void evenAndOddTermsAreAddedUpApart() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment a = arena.allocate(2048, 64);
      MemorySegment b = arena.allocate(2048, 64);
      float[] left = {1, -1, 0x1p-25f, 0};
      for (int k = 0; k < left.length; k++) {
        a.setAtIndex(PanelData.SHORT, k, bits(left[k]));
        b.setAtIndex(PanelData.SHORT, k / 2 * 64L + k % 2, bits(1));
      }
      float[] c = new float[1024];
      kernel.multiply(a.address(), b.address(), c, 1, false);
      assertThat(c).containsOnly(0);
      b.setAtIndex(PanelData.SHORT, 0, bits(0));
      b.setAtIndex(PanelData.SHORT, 1, bits(0));
      kernel.multiply(a.address(), b.address(), c, 1, false);
      assertThat(c[0]).isEqualTo(0x1p-25f);
    }
  }

  @ParameterizedTest
  @EnumSource
  void tinyNumbersCountAsZero(Kind kind) {
    TileKernel kernel = new PlainKernel(kind);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment a = arena.allocate(2048, 64);
      MemorySegment b = arena.allocate(2048, 64);
      a.setAtIndex(PanelData.SHORT, 0, bits(0x1p-130f));
      b.setAtIndex(PanelData.SHORT, 0, bits(0x1p10f));
      float[] c = new float[1024];
      c[0] = 0x1p-140f;
      kernel.multiply(a.address(), b.address(), c, 1, true);
      assertThat(c[0]).isZero();
    }
  }

  /** 2^-25 is lost in the 1 that the even term then takes away. */
  @Test
  void theOddTermOfAPairIsAddedFirst() {
    TileKernel vectors = new PlainKernel(Kind.AVX512);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment a = arena.allocate(2048, 64);
      MemorySegment b = arena.allocate(2048, 64);
      a.setAtIndex(PanelData.SHORT, 0, bits(-1));
      a.setAtIndex(PanelData.SHORT, 1, bits(0x1p-25f));
      b.setAtIndex(PanelData.SHORT, 0, bits(1));
      b.setAtIndex(PanelData.SHORT, 1, bits(1));
      float[] c = new float[1024];
      c[0] = 1;
      vectors.multiply(a.address(), b.address(), c, 1, true);
      assertThat(c[0]).isZero();
    }
  }

  private static short bits(float x) {
    return (short) (Float.floatToRawIntBits(x) >>> 16);
  }
}
