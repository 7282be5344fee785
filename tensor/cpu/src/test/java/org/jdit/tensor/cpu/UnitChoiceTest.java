package org.jdit.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.cpu.kernel.Scratch;
import org.jdit.tensor.cpu.machine.Found;
import org.jdit.tensor.cpu.machine.MatrixUnit;
import org.jdit.tensor.cpu.machine.PlainUnit;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Precision;
import org.jdit.tensor.spi.Resident;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which matrix unit is used in which precision, and what a person is told of it. */
class UnitChoiceTest {
  private static final Program PRODUCT =
      Program.trace(
          t ->
              t.output("y", t.input("x", Spec.f32(70, 45)).matmul(t.input("w", Spec.f32(45, 65)))));

  @TempDir Path folder;

  @BeforeEach
  void vectorsAreWideEnough() {
    assumeThat(Scratch.wideEnough()).as("a matrix unit takes vectors of 512 bits").isTrue();
  }

  /** A unit that fails its test is not used. */
  @ParameterizedTest
  @EnumSource(names = {"BF16", "BF16X3"})
  void productsGoOnWithoutItUnderOneWarning(Precision precision) throws IOException {
    Path cpuinfo = folder.resolve("cpuinfo");
    Files.writeString(cpuinfo, "flags\t\t: avx512f amx_tile amx_bf16\n");
    Found<MatrixUnit> broken = PlainUnit.findBroken(cpuinfo);
    Found<MatrixUnit> none = new Found.Absent<>("there is none", false);
    try (CpuBackend without = new CpuBackend(1, false, precision, () -> none);
        CpuBackend warned = new CpuBackend(1, false, precision, () -> broken)) {
      assertThat(product(warned)).isEqualTo(product(without));
      assertThat(without.description()).doesNotContain("warning");
      assertThat(warned.description())
          .containsOnlyOnce("(warning: AMX with bfloat16 is there but computes what is wrong");
    }
  }

  @Test
  void brokenFloatCodeIsSaid() {
    assertThat(CpuBackend.code(new Found.Absent<>("it is wrong", true)))
        .isEqualTo("(warning: it is wrong), ");
    assertThat(CpuBackend.code(new Found.Absent<>("there is none", false))).isEmpty();
  }

  /** Three products on a unit that is twice as fast as float32 would be slower than one. */
  @Test
  void aUnitThatIsTooSlowForThreeProductsIsUsedForOne() {
    Found<MatrixUnit> slow = new Found.Available<>(PlainUnit.createSlow(), "slow");
    try (CpuBackend one = new CpuBackend(1, false, Precision.BF16, () -> slow);
        CpuBackend three = new CpuBackend(1, false, Precision.BF16X3, () -> slow)) {
      assertThat(one.description()).contains("products rounded to bf16 on slow,");
      assertThat(three.description())
          .contains("rounded to two bf16 in software (three products on slow take longer)");
    }
  }

  private static float[] product(CpuBackend backend) {
    Random random = new Random(1);
    try (TensorScope scope = TensorScope.open(backend.memory());
        Resident resident = backend.newResident();
        Executable executable = backend.compile(PRODUCT, resident)) {
      Tensor x = scope.of(Spec.f32(70, 45), random.doubles(70 * 45, -1, 1).toArray());
      Tensor w = scope.of(Spec.f32(45, 65), random.doubles(45 * 65, -1, 1).toArray());
      return executable.run(Map.of("x", x, "w", w), scope).get("y").toFloats();
    }
  }
}
