package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import org.jdit.tensor.cpu.machine.FloatCode;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.op.GroupNorm;
import org.jdit.tensor.op.Linear.Activation;
import org.jdit.tensor.spi.Precision;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * All kernels give the same bits in a virtual machine that only interprets, or has no machine code
 * of ours, as in this one, on every run while this one compiles them.
 */
@EveryWidth
class SameBitsTest {
  @Test
  void interpretedAndCompiledKernelsAgree(@TempDir Path directory)
      throws IOException, InterruptedException {
    String interpreted = hashIn(directory.resolve("hash"), "-Xint");
    for (int i = 0; i < 400; i++) {
      assertThat(hash()).isEqualTo(interpreted);
    }
  }

  @Test
  void machineCodeAndTheVectorApiAgree(@TempDir Path directory)
      throws IOException, InterruptedException {
    String property = "-D" + FloatCode.PROPERTY + "=off";
    assertThat(hashIn(directory.resolve("hash"), property)).isEqualTo(hash());
  }

  /** The hash of another virtual machine. */
  private static String hashIn(Path result, String option)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                option,
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-D" + VectorWidth.PROPERTY + "=" + Lanes.F32.vectorBitSize(),
                "-cp",
                System.getProperty("java.class.path"),
                Interpreted.class.getName(),
                result.toString())
            .inheritIO()
            .start();
    assertThat(process.waitFor()).isZero();
    return Files.readString(result);
  }

  /** What the other virtual machine runs. */
  static final class Interpreted {
    private Interpreted() {}

    /** Writes the hash of all results to a file. */
    public static void main(String[] args) throws IOException {
      Files.writeString(Path.of(args[0]), hash());
    }
  }

  private static String hash() {
    Memory memory = new Memory();
    try (Arena arena = Arena.ofShared();
        Workers workers = new Workers(2);
        Scratch scratch = new Scratch(workers, memory, Precision.FP32)) {
      Matrix a = Matrix.of(Floats.random(arena, 25 * 40, 1), 25, 40);
      Matrix b = Matrix.of(Floats.random(arena, 40 * 37, 2), 40, 37);
      Matrix c = Matrix.of(Floats.random(arena, 25 * 37, 3), 25, 37);
      Epilogue gelu = new Epilogue.Affine(Floats.random(arena, 37, 4), 0, Activation.GELU);
      new Gemm(scratch).multiply(a, b, c, gelu);

      // Terms of two blocks.
      Matrix tall = Matrix.of(Floats.random(arena, 7 * 1200, 23), 7, 1200);
      Matrix wide = Matrix.of(Floats.random(arena, 1200 * 37, 24), 1200, 37);
      Matrix sums = Matrix.of(Floats.random(arena, 7 * 37, 25), 7, 37);
      Epilogue silu = new Epilogue.Affine(Floats.random(arena, 37, 26), 0, Activation.SILU);
      new Gemm(scratch).multiply(tall, wide, sums, silu);

      Operand q = Floats.tensor(arena, 5, 1, 2, 15, 20);
      Operand k = Floats.tensor(arena, 6, 1, 2, 19, 20);
      Operand out = Floats.tensor(arena, 7, 1, 2, 15, 20);
      Operand lse = Floats.tensor(arena, 8, 1, 2, 15);
      new AttentionKernel(scratch).run(q, k, k, 0.5, out, lse);

      Operand dq = Floats.tensor(arena, 13, 1, 2, 15, 20);
      Operand dk = Floats.tensor(arena, 14, 1, 2, 19, 20);
      Operand dv = Floats.tensor(arena, 15, 1, 2, 19, 20);
      new AttentionGradientKernel(scratch)
          .run(new AttentionGradientKernel.Inputs(q, k, k, lse, out, lse, 0.5), dq, dk, dv);

      Operand weight = Floats.tensor(arena, 9, 7, 3, 3, 3);
      ConvWeights packed = ConvKernelTest.pack(arena, scratch, weight);
      Operand image = Floats.tensor(arena, 10, 1, 3, 6, 11);
      Operand y = Floats.tensor(arena, 11, 1, 7, 6, 11);
      new ConvKernel(scratch).run(image, packed, Floats.tensor(arena, 12, 7), 1, 1, y);

      List<Integer> hashes =
          List.of(
              Arrays.hashCode(rows(arena, workers, memory)),
              Arrays.hashCode(Floats.copy(c.data())),
              Arrays.hashCode(Floats.copy(sums.data())),
              Arrays.hashCode(Floats.copy(out.data())),
              Arrays.hashCode(Floats.copy(lse.data())),
              Arrays.hashCode(Floats.copy(dq.data())),
              Arrays.hashCode(Floats.copy(dk.data())),
              Arrays.hashCode(Floats.copy(dv.data())),
              Arrays.hashCode(Floats.copy(y.data())),
              Arrays.hashCode(functions(Floats.copy(image.data()))));
      return hashes.toString();
    }
  }

  /** What goes over rows, one kernel after the other. */
  private static float[] rows(Arena arena, Workers workers, Memory memory) {
    Operand x = Floats.tensor(arena, 16, 6, 4, 5, 7);
    Operand y = Floats.tensor(arena, 17, 6, 4, 5, 7);
    Operand z = Floats.tensor(arena, 18, 6, 4, 5, 7);
    Operand channels = Floats.tensor(arena, 19, 4);
    try (Registers registers = new Registers(workers.threads(), memory)) {
      GroupNorm norm = new GroupNorm(2, 1e-6, true);
      new GroupNormStep(workers, registers, norm, x, channels, channels, y).run();
      Operand wide = y.with(Strided.contiguous(Shape.of(6, 140)));
      Operand rows = z.with(Strided.contiguous(Shape.of(6, 140)));
      new SoftmaxStep(workers, registers, wide, rows).run();
      LayerNormStep.Modulation modulation =
          new LayerNormStep.Modulation(
              Floats.tensor(arena, 20, 3, 140), Floats.tensor(arena, 21, 3, 140));
      new LayerNormStep(
              workers, registers, rows, 1e-6, wide, Optional.empty(), Optional.of(modulation))
          .run();
      new LayerNormStep(workers, registers, wide, 1e-6, rows, Optional.empty(), Optional.empty())
          .run();
      Operand weight = Floats.tensor(arena, 22, 140);
      new RmsNormStep(workers, registers, rows, weight, 1e-6, wide).run();
      new StridedCopy(workers, wide, rows).run();
    }
    return Floats.copy(z.data());
  }

  private static float[] functions(float[] x) {
    for (int i = 0; i + Lanes.COUNT <= x.length; i += Lanes.COUNT) {
      FloatVector v = FloatVector.fromArray(Lanes.F32, x, i).mul(20f);
      VectorMath.gelu(v)
          .add(VectorMath.silu(v))
          .add(VectorMath.tanh(v))
          .add(VectorMath.erf(v))
          .add(VectorMath.sigmoid(v))
          .add(VectorMath.sin(v))
          .add(VectorMath.cos(v))
          .add(VectorMath.log(v.abs()))
          .add(Lanes.sum(v))
          .intoArray(x, i);
    }
    return x;
  }
}
