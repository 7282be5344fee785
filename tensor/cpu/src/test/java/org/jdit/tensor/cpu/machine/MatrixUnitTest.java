package org.jdit.tensor.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.jdit.tensor.JditException;
import org.jdit.tensor.cpu.machine.MatrixUnit.Kind;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A unit is handed out only where there is one that computes what it should. */
class MatrixUnitTest {
  private static final TileKernel PLAIN = new PlainKernel(Kind.AMX);

  @TempDir Path folder;
  private Path withAmx;

  @BeforeEach
  void processor() throws IOException {
    withAmx = cpuinfo("flags\t\t: fpu vme avx512f amx_bf16 avx512_fp16 amx_tile amx_int8");
  }

  private Path cpuinfo(String flags) throws IOException {
    Path file = folder.resolve("cpuinfo");
    Files.writeString(file, "processor\t: 0\nmodel name\t: x\n" + flags + "\nbugs\t: none\n");
    return file;
  }

  private static String reason(Found<?> found) {
    return switch (found) {
      case Found.Absent<?>(String reason, _) -> reason;
      case Found.Available<?> a -> fail("there is a unit: " + a);
    };
  }

  @Test
  void theProcessorMustHaveTilesOrVectorsOfBfloat16() throws IOException {
    Path file = cpuinfo("flags\t\t: fpu avx512f amx_tile amx_int8");
    assertThat(reason(MatrixUnit.search(file, PlainKernel::new)))
        .isEqualTo(
            "the processor has no amx_tile and amx_bf16, the processor has no avx512f and"
                + " avx512_bf16");
    file = cpuinfo("Features\t: fp asimd bf16 amx_tile amx_bf16");
    assertThat(reason(MatrixUnit.search(file, PlainKernel::new))).contains("amx_bf16");
    Path none = folder.resolve("none");
    assertThat(reason(MatrixUnit.search(none, PlainKernel::new)))
        .containsOnlyOnce("cannot be read");
  }

  @Test
  void aRefusalOfTheSystemIsTheReason() {
    Found<?> found =
        MatrixUnit.search(
            withAmx,
            kind -> {
              throw new JditException("the system refuses it.");
            });
    assertThat(reason(found))
        .isEqualTo("the system refuses it, the processor has no avx512f and avx512_bf16");
  }

  @Test
  void theFastestKindIsHandedOut() throws IOException {
    Path vectors = cpuinfo("flags\t\t: fpu avx512f avx512_bf16");
    assertThat(description(MatrixUnit.search(vectors, PlainKernel::new))).isEqualTo("AVX512-BF16");
    Path both = cpuinfo("flags\t\t: fpu avx512f avx512_bf16 amx_tile amx_bf16");
    assertThat(description(MatrixUnit.search(both, PlainKernel::new)))
        .isEqualTo("AMX with bfloat16");
    Found<MatrixUnit> withoutTiles =
        MatrixUnit.search(
            both,
            kind -> {
              if (kind == Kind.AMX) {
                throw new JditException("the system refuses tiles.");
              }
              return new PlainKernel(kind);
            });
    assertThat(description(withoutTiles)).isEqualTo("AVX512-BF16");
  }

  private static String description(Found<?> found) {
    return switch (found) {
      case Found.Absent<?> a -> fail("there is no unit: " + a);
      case Found.Available<?>(_, String description) -> description;
    };
  }

  @Test
  void threeProductsAreForTilesOnly() {
    assertThat(new MatrixUnit(Kind.AMX, PLAIN).splitsFast()).isTrue();
    assertThat(new MatrixUnit(Kind.AVX512, PLAIN).splitsFast()).isFalse();
  }

  /** Each of these would be a mistake in one instruction of the kernel. */
  @Test
  void kernelsWithMistakesAreFoundOut() {
    wrong((a, b, c, steps, accumulate) -> {});
    wrong((a, b, c, steps, accumulate) -> PLAIN.multiply(b, a, c, steps, accumulate));
    wrong((a, b, c, steps, accumulate) -> PLAIN.multiply(a, b, c, steps, false));
    wrong((a, b, c, steps, accumulate) -> PLAIN.multiply(a, b, c, steps, true));
    wrong((a, b, c, steps, accumulate) -> PLAIN.multiply(a, b, c, 1, accumulate));
    wrong((a, b, c, steps, accumulate) -> PLAIN.multiply(a, b, c, Math.min(steps, 2), accumulate));
    wrong((a, b, c, steps, accumulate) -> PLAIN.multiply(a + 64, b, c, steps, accumulate));
    wrong(
        (a, b, c, steps, accumulate) -> {
          PLAIN.multiply(a, b, c, steps, accumulate);
          c[1023] = Math.nextUp(c[1023]);
        });
    // Sums of bfloat16.
    wrong(
        (a, b, c, steps, accumulate) -> {
          PLAIN.multiply(a, b, c, steps, accumulate);
          for (int i = 0; i < c.length; i++) {
            c[i] = Float.intBitsToFloat(Float.floatToRawIntBits(c[i]) & 0xffff0000);
          }
        });
  }

  private void wrong(TileKernel kernel) {
    Found<MatrixUnit> found = MatrixUnit.search(withAmx, kind -> kernel);
    assertThat(reason(found))
        .startsWith("AMX with bfloat16 is there but computes what is wrong: element ")
        .contains(" terms is ");
    assertThat(((Found.Absent<MatrixUnit>) found).broken()).isTrue();
  }

  @Test
  void theUnitCanBeSwitchedOff() {
    String property = MatrixUnit.PROPERTY;
    assertThat(Found.switched(property, null)).isEmpty();
    assertThat(reason(Found.switched(property, "off").orElseThrow()))
        .contains("-Djdit.matrix.unit=off");
    assertThatThrownBy(() -> Found.switched(property, "maybe"))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("jdit.matrix.unit=maybe");
  }

  /** On every machine the search ends well: with a unit that multiplies, or with a reason. */
  @Test
  void thisMachineHasAUnitOrAReason() {
    switch (MatrixUnit.find()) {
      case Found.Absent<MatrixUnit>(String reason, boolean broken) -> {
        assertThat(reason).isNotBlank();
        assertThat(broken).isFalse();
      }
      case Found.Available<MatrixUnit>(MatrixUnit unit, _) -> sameAsPlain(unit);
    }
  }

  /** Where there are tiles, {@link MatrixUnit#find} does not choose it. */
  @Test
  void theKernelForVectorsGivesTheBitsOfPlainJava() throws IOException {
    assumeThat(MachineCode.unavailable()).isEmpty();
    assumeThat(Files.readString(Path.of("/proc/cpuinfo")))
        .as("the processor has no avx512_bf16")
        .contains("avx512_bf16");
    sameAsPlain(new MatrixUnit(Kind.AVX512, DotKernel.load()));
  }

  private static void sameAsPlain(MatrixUnit unit) {
    TileKernel plain = new PlainKernel(unit.splitsFast() ? Kind.AMX : Kind.AVX512);
    Random random = new Random(4);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment a = PanelData.random(arena, 36, random);
      MemorySegment b = PanelData.random(arena, 36, random);
      for (int steps : new int[] {0, 1, 3, 36}) {
        float[] found = new float[1024];
        float[] expected = new float[1024];
        for (boolean accumulate : new boolean[] {false, true}) {
          unit.multiply(a.address(), b.address(), found, steps, accumulate);
          plain.multiply(a.address(), b.address(), expected, steps, accumulate);
          assertThat(found).containsExactly(expected);
        }
      }
    }
  }

  @Test
  void argumentsAreChecked() {
    MatrixUnit unit = PlainUnit.create();
    assertThatThrownBy(() -> unit.multiply(0, 0, new float[1023], 0, false))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> unit.multiply(0, 0, new float[1024], -1, false))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
