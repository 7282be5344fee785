package org.jdit.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.cpu.kernel.EveryWidth;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.View;
import org.jdit.tensor.program.Fusion;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Resident;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is computed in place, or on the way to a sum, has the bits of one operation at a time. */
@EveryWidth
class CpuChainTest {
  private static float[] numbers(int count, long seed) {
    Random random = new Random(seed);
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = random.nextFloat(-1, 1);
    }
    return x;
  }

  /** Both states are read after one of them has been replaced, and written where they are. */
  @ParameterizedTest
  @ValueSource(ints = {1, 15, 16, 2047, 2048, 2064, 50_000, 200_001})
  void statesThatAreMadeOfEachOtherSeeTheOldOnes(int size) {
    Spec spec = Spec.f32(size);
    Program p =
        Program.trace(
            t -> {
              Tensor a = t.state("a", spec);
              Tensor b = t.state("b", spec);
              Tensor half = t.input("half", Spec.f32(1));
              Tensor difference = a.sub(b);
              t.update("a", a.add(b).mul(half));
              t.update("b", difference.mul(half).add(a));
              t.output("half", half.neg());
            });
    float[] a = numbers(size, 1);
    float[] b = numbers(size, 2);
    try (CpuBackend backend = new CpuBackend(2);
        TensorScope scope = TensorScope.open(backend.memory());
        Resident resident = backend.newResident();
        Executable executable = backend.compile(p, resident)) {
      resident.load("a", scope.of(spec.shape(), a));
      resident.load("b", scope.of(spec.shape(), b));
      for (int run = 0; run < 3; run++) {
        executable.run(Map.of("half", scope.of(Shape.of(1), 0.5f)), scope);
        for (int i = 0; i < size; i++) {
          float old = a[i];
          a[i] = (old + b[i]) * 0.5f;
          b[i] = (old - b[i]) * 0.5f + old;
        }
      }
      sameBits(resident.read("a", scope).toFloats(), a);
      sameBits(resident.read("b", scope).toFloats(), b);
    }
  }

  /** Sums and maxima are the same whether or not what they are taken over is a result too. */
  @ParameterizedTest
  @ValueSource(ints = {1, 15, 16, 2047, 2048, 2064, 50_000, 131_072, 200_001})
  void aReductionOnTheWayIsThatOfWhatIsKept(int size) {
    Spec spec = Spec.f32(size);
    same((x, y) -> x.mul(y).add(x), t -> t.sum(0), spec, spec);
    same((x, y) -> x.sub(y).abs(), t -> t.max(0), spec, Spec.f32(1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "1", "2", "01", "02", "12", "012"})
  void soItIsOverAnyAxes(String digits) {
    int[] axes = digits.chars().map(c -> c - '0').toArray();
    Spec spec = Spec.f32(7, 130, 33);
    same((x, y) -> x.mul(y).square(), t -> t.sum(axes), spec, Spec.f32(130, 1));
    same((x, y) -> x.sub(y).square(), t -> t.max(axes), spec, Spec.f32(7, 1, 33));
    same((x, y) -> x.permute(1, 2, 0).mul(y), t -> t.sum(axes), spec, Spec.f32(130, 33, 1));
  }

  @Test
  void aSumOverNothingIsZero() {
    Spec one = Spec.f32(1);
    same((x, y) -> x.mul(y), t -> t.sum(0), Spec.f32(0, 3), one);
    same((x, y) -> x.mul(y), t -> t.sum(1), Spec.f32(3, 0), one);
    same((x, y) -> x.mul(y), t -> t.sum(0), Spec.f32(0), one);
  }

  /** Were it not so, the tests above would compare two runs of the same. */
  @Test
  void aReductionOfAChainIsOneKernel() {
    Spec spec = Spec.f32(7, 130, 33);
    Program p = program((x, y) -> x.mul(y).square(), t -> t.sum(0, 1, 2), spec, spec, false);
    assertThat(Fusion.of(p, new ChainLimits()).nodes())
        .filteredOn(n -> !(n.op() instanceof View))
        .singleElement()
        .satisfies(n -> assertThat(n.op()).isInstanceOf(Call.class));
  }

  private static void same(
      BinaryOperator<Tensor> f, UnaryOperator<Tensor> reduction, Spec x, Spec y) {
    sameBits(reduced(f, reduction, x, y, false), reduced(f, reduction, x, y, true));
  }

  private static void sameBits(float[] found, float[] expected) {
    int at = Arrays.mismatch(found, expected);
    assertThat(at).as("first index that differs").isEqualTo(-1);
  }

  private static float[] reduced(
      BinaryOperator<Tensor> f, UnaryOperator<Tensor> reduction, Spec x, Spec y, boolean kept) {
    Program p = program(f, reduction, x, y, kept);
    try (CpuBackend backend = new CpuBackend(2);
        TensorScope scope = TensorScope.open(backend.memory());
        Resident resident = backend.newResident();
        Executable executable = backend.compile(p, resident)) {
      Tensor a = scope.of(x.shape(), numbers((int) x.shape().numel(), 3));
      Tensor b = scope.of(y.shape(), numbers((int) y.shape().numel(), 4));
      return executable.run(Map.of("x", a, "y", b), scope).get("reduced").toFloats();
    }
  }

  private static Program program(
      BinaryOperator<Tensor> f, UnaryOperator<Tensor> reduction, Spec x, Spec y, boolean kept) {
    return Program.trace(
        t -> {
          Tensor value = f.apply(t.input("x", x), t.input("y", y));
          t.output("reduced", reduction.apply(value));
          if (kept) {
            t.output("value", value);
          }
        });
  }
}
