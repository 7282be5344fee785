package org.jdit.tensor.cpu.kernel;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jdit.tensor.cpu.machine.FloatCode;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.op.Linear.Activation;
import org.jdit.tensor.spi.Precision;
import org.junit.jupiter.api.Test;

/**
 * C2 compiles the inner methods of matrix products, attention and convolution, and does not take
 * that back: of code in some shapes it gives up for ever, which leaves it many times slower.
 * Machine code is off, as it takes the place of some of them.
 */
class CompiledKernelsTest {
  /** The loops that a forward spends its time in, functions such as exp inlined. */
  private static final List<String> HOT =
      List.of(
          Lanes.COUNT == 16 ? "Kernel12::multiply" : "Kernel6::multiply",
          Lanes.COUNT == Transpose.SIZE ? "Transpose::block" : "Panel::four",
          "Finish::gelu",
          "Finish::put",
          "AttentionKernel$Tile::maxima",
          "AttentionKernel$Tile::exponentials",
          "AttentionKernel$Tile::finish",
          "StridedVectors::store",
          "Pixels::packTap");

  /** More than three times what it takes until C2 has compiled all of them. */
  private static final int RUNS = 300;

  private static final String C2 = "4";

  /** Number, marks ({@code %} for a loop entered on its way), tier, method, what became of it. */
  private static final Pattern LINE =
      Pattern.compile(
          " *\\d+ +(\\d+) +([%sbn!]?(?: *[sbn!])*) +(\\d) +(\\S+) .*\\(\\d+ bytes\\)(.*)");

  @Test
  void hotKernelsReachC2AndStayThere() throws IOException, InterruptedException {
    List<String> lines = compilations();
    List<Matcher> byC2 =
        lines.stream()
            .map(LINE::matcher)
            .filter(m -> m.matches() && m.group(3).equals(C2) && !m.group(2).contains("%"))
            .toList();
    assumeFalse(byC2.isEmpty(), "this Java has no C2");
    assertThat(lines)
        .noneMatch(
            line ->
                line.contains("org.jdit")
                    && (line.contains("COMPILE SKIPPED") || line.contains("not compilable")));
    Map<String, String> compiled = new HashMap<>();
    for (Matcher m : byC2) {
      if (m.group(5).isBlank()) {
        compiled.put(m.group(1), m.group(4));
      } else {
        compiled.remove(m.group(1));
      }
    }
    assertThat(compiled.values())
        .containsAll(HOT.stream().map(name -> getClass().getPackageName() + "." + name).toList());
  }

  /** What a virtual machine prints that waits for each of its compilations. */
  private static List<String> compilations() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xbatch",
                "-XX:+PrintCompilation",
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-D" + FloatCode.PROPERTY + "=off",
                "-D" + VectorWidth.PROPERTY + "=" + Lanes.F32.vectorBitSize(),
                "-cp",
                System.getProperty("java.class.path"),
                Network.class.getName())
            .redirectErrorStream(true)
            .start();
    List<String> lines =
        new String(process.getInputStream().readAllBytes(), UTF_8).lines().toList();
    assertThat(process.waitFor()).as(String.join("\n", lines)).isZero();
    return lines;
  }

  /** What the other virtual machine runs. */
  static final class Network {
    private Network() {}

    /** Runs the kernels a fixed number of times, on one thread. */
    public static void main(String[] args) {
      try (Arena arena = Arena.ofShared();
          Workers workers = new Workers(1);
          Scratch scratch = new Scratch(workers, new Memory(), Precision.FP32)) {
        Matrix a = Matrix.of(Floats.random(arena, 96 * 160, 1), 96, 160);
        Matrix b = Matrix.of(Floats.random(arena, 160 * 128, 2), 160, 128);
        Matrix c = Matrix.of(Floats.random(arena, 96 * 128, 3), 96, 128);
        Epilogue gelu = new Epilogue.Affine(Floats.random(arena, 128, 4), 0, Activation.GELU);
        Operand q = Floats.tensor(arena, 5, 1, 4, 64, 32);
        Operand k = Floats.tensor(arena, 6, 1, 4, 64, 32);
        Operand out = Floats.tensor(arena, 7, 1, 4, 64, 32);
        Operand lse = Floats.tensor(arena, 8, 1, 4, 64);
        Operand weight = Floats.tensor(arena, 9, 24, 8, 3, 3);
        ConvWeights packed = ConvKernelTest.pack(arena, scratch, weight);
        Operand image = Floats.tensor(arena, 10, 1, 8, 16, 16);
        Operand y = Floats.tensor(arena, 11, 1, 24, 16, 16);
        Operand shift = Floats.tensor(arena, 12, 24);
        for (int i = 0; i < RUNS; i++) {
          new Gemm(scratch).multiply(a, b, c, gelu);
          new AttentionKernel(scratch).run(q, k, k, 0.2, out, lse);
          new ConvKernel(scratch).run(image, packed, shift, 1, 1, y);
        }
      }
    }
  }
}
