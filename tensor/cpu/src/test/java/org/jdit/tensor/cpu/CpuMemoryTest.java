package org.jdit.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Random;
import org.jdit.tensor.DType;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is kept in memory, and how often. */
class CpuMemoryTest {
  private final CpuBackend backend = new CpuBackend(2);

  private Tensor random(TensorScope scope, Spec spec) {
    return scope.of(spec, new Random(3).doubles(spec.shape().numel(), -1, 1).toArray());
  }

  @Test
  void weightsOfProductsAreKeptPackedOnceAndReadBackBitForBit() {
    Spec weight = Spec.f32(1300, 1300);
    Spec kernel = Spec.f32(24, 13, 3, 3);
    Program p =
        Program.trace(
            t -> {
              Tensor x = t.input("x", Spec.f32(2, 1300));
              Tensor y = x.linear(t.param("linear", weight), t.param("bias", Spec.f32(1300)));
              t.output("y", y.matmul(t.param("right", weight)));
              Tensor image = t.input("image", Spec.f32(1, 13, 9, 9));
              t.output(
                  "z", image.conv2d(t.param("conv", kernel), t.param("b", Spec.f32(24)), 1, 1));
            });
    try (TensorScope scope = TensorScope.open(backend.memory());
        Resident resident = backend.newResident();
        Executable executable = backend.compile(p, resident)) {
      long before = backend.memory().peakBytes();
      for (String name : resident.missing()) {
        Tensor x = random(scope, p.spec(p.input(name).id()));
        resident.load(name, x);
        assertThat(resident.read(name, scope).toFloats()).as(name).isEqualTo(x.toFloats());
      }
      long given = 2 * weight.bytes() + kernel.bytes() + (1300 + 24) * 4;
      // Packing fills up the last panel of columns, or of channels.
      assertThat(resident.bytes()).isBetween(given, given * 21 / 20);
      assertThat(executable.bytes()).isLessThan(weight.bytes() / 8);
      // Beyond the packed forms only the tensors of this test, each given and read back.
      assertThat(backend.memory().peakBytes() - before).isLessThan(7 * given / 2);
    }
    assertThat(backend.memory().liveBytes()).isZero();
  }

  @Test
  void aWeightAlreadyLoadedIsBroughtIntoTheFormThatALaterProgramWants() {
    Spec weight = Spec.f32(37, 21);
    Program first =
        Program.trace(
            t -> t.output("y", t.input("x", Spec.f32(3, 21)).matmul(t.param("w", weight).t())));
    Program second =
        Program.trace(
            t -> {
              t.output("w", t.param("w", weight).mul(1));
              t.output("z", t.input("x", Spec.f32(3, 37)).matmul(t.param("w", weight)));
            });
    try (TensorScope scope = TensorScope.open(backend.memory());
        Resident resident = backend.newResident();
        Executable one = backend.compile(first, resident)) {
      Tensor w = random(scope, weight);
      resident.load("w", w);
      try (Executable two = backend.compile(second, resident)) {
        assertThat(resident.missing()).isEmpty();
        Tensor eye = scope.zeros(Spec.f32(3, 37));
        Map<String, Tensor> y = two.run(Map.of("x", eye), scope);
        assertThat(y.get("w").toFloats()).isEqualTo(w.toFloats());
        assertThat(y.get("z").toFloats()).containsOnly(0);
      }
      assertThat(one.run(Map.of("x", scope.zeros(Spec.f32(3, 21))), scope).get("y").toFloats())
          .containsOnly(0);
    }
  }

  /** Each of the types holds these numbers, so that nothing but the bytes may change. */
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16"})
  void weightsGivenInTwoBytesAreKeptInTwo(DType type) {
    Spec weight = Spec.f32(288, 352);
    Program p =
        Program.trace(
            t -> {
              Tensor x = t.input("x", Spec.f32(7, 352));
              t.output("y", x.linear(t.param("w", weight), t.param("b", Spec.f32(288))));
            });
    Program later =
        Program.trace(
            t -> {
              Tensor w = t.param("w", weight);
              t.output("z", t.input("x", Spec.f32(7, 288)).matmul(w));
              t.output("w", w.mul(1));
            });
    try (TensorScope scope = TensorScope.open(backend.memory());
        Resident resident = backend.newResident();
        Executable executable = backend.compile(p, resident)) {
      Tensor narrow = scope.copy(random(scope, weight), type);
      Tensor wide = scope.copy(narrow, DType.F32);
      Tensor bias = scope.copy(random(scope, Spec.f32(288)), type);
      Map<String, Tensor> x = Map.of("x", random(scope, Spec.f32(7, 352)));
      resident.load("w", wide);
      resident.load("b", scope.copy(bias, DType.F32));
      float[] y = executable.run(x, scope).get("y").toFloats();
      assertThat(resident.bytes()).isEqualTo(weight.bytes() + 288 * 4);
      long before = backend.memory().liveBytes();
      resident.load("w", narrow);
      resident.load("b", bias);
      assertThat(before - backend.memory().liveBytes()).isEqualTo(weight.bytes() / 2);
      assertThat(resident.bytes()).isEqualTo(weight.bytes() / 2 + 288 * 4);
      assertThat(executable.run(x, scope).get("y").toFloats()).isEqualTo(y);
      assertThat(resident.read("w", scope).toFloats()).isEqualTo(wide.toFloats());
      assertThat(resident.read("b", scope).toFloats()).isEqualTo(bias.toFloats());
      Map<String, Tensor> other = Map.of("x", random(scope, Spec.f32(7, 288)));
      try (Executable second = backend.compile(later, resident)) {
        Map<String, Tensor> out = second.run(other, scope);
        assertThat(out.get("w").toFloats()).isEqualTo(wide.toFloats());
        // Both packed forms have two bytes, and the row-major one has four.
        assertThat(resident.bytes()).isEqualTo(weight.bytes() * 2 + 288 * 4);
        resident.load("w", wide);
        assertThat(second.run(other, scope).get("z").toFloats()).isEqualTo(out.get("z").toFloats());
        assertThat(executable.run(x, scope).get("y").toFloats()).isEqualTo(y);
        assertThat(resident.bytes()).isEqualTo(weight.bytes() * 3 + 288 * 4);
      }
    }
    assertThat(backend.memory().liveBytes()).isZero();
  }

  @Test
  void anOptimiserStepNeedsNoSecondCopyOfWeightsAndMoments() {
    Spec spec = Spec.f32(1 << 16);
    Program step =
        Program.trace(
            t -> {
              Tensor w = t.state("w", spec);
              Tensor m = t.state("m", spec);
              Tensor ema = t.state("ema", spec);
              Tensor g = w.sub(t.input("target", spec));
              Tensor nextM = m.mul(0.9).add(g.mul(0.1));
              Tensor nextW = w.sub(nextM.mul(0.5));
              t.update("m", nextM);
              t.update("w", nextW);
              t.update("ema", ema.mul(0.5).add(nextW.mul(0.5)));
              Tensor norm = g.square().sum();
              t.commitWhen(norm.lt(norm.fill(norm.shape(), 1e30)));
              t.output("norm", norm);
            });
    try (TensorScope scope = TensorScope.open(backend.memory());
        Resident resident = backend.newResident();
        Executable executable = backend.compile(step, resident)) {
      // The input, and the gradient with its square.
      assertThat(executable.bytes()).isLessThanOrEqualTo(3 * spec.bytes() + 4096);
      resident.missing().forEach(name -> resident.load(name, scope.zeros(spec)));
      Tensor target = random(scope, spec);
      executable.run(Map.of("target", target), scope);
      executable.run(Map.of("target", target), scope);
      float[] x = target.toFloats();
      for (int i = 0; i < x.length; i += 999) {
        float m1 = -x[i] * 0.1f;
        float w1 = -m1 * 0.5f;
        float m2 = m1 * 0.9f + (w1 - x[i]) * 0.1f;
        float w2 = w1 - m2 * 0.5f;
        assertThat(resident.read("w", scope).toFloats()[i]).isEqualTo(w2);
        assertThat(resident.read("ema", scope).toFloats()[i]).isEqualTo(w1 * 0.25f + w2 * 0.5f);
      }
    }
  }
}
