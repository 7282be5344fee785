package org.jdit.tensor.cpu.machine;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/**
 * Writes the AMX kernel and operands to files, for a run under an emulator such as Bochs or Intel
 * SDE: {@code KernelDump FOLDER STEPS ACCUMULATE SEED}, as in {@code KernelDump out 36 true 1}.
 *
 * <ul>
 *   <li>{@code code.bin}: load it anywhere and enter it at offset 64.
 *   <li>{@code memory.bin}: A, B and C one after another; A and B have {@code STEPS · 2048} bytes.
 *   <li>{@code expected.bin}: the memory after the call, says plain Java.
 * </ul>
 *
 * The arguments are rdi, rsi and rdx, the addresses of A, B and C; rcx, the steps; and r8, 1 to
 * accumulate or 0. If {@code run CODE MEMORY RESULT} with the arguments behind it starts the
 * emulator, where {@code m+X} is offset X of the memory:
 *
 * <pre>{@code
 * java --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED \
 *     -cp target/classes:target/test-classes:../core/target/classes \
 *     org.jdit.tensor.cpu.machine.KernelDump out 36 true 1
 * run out/code.bin out/memory.bin out/result.bin m+0 m+12000 m+24000 24 1 --entry 40
 * cmp out/result.bin out/expected.bin
 * }</pre>
 */
final class KernelDump {
  private KernelDump() {}

  /** Writes the files; see above for the arguments. */
  public static void main(String[] args) throws IOException {
    int steps = Integer.parseInt(args[1]);
    boolean accumulate = Boolean.parseBoolean(args[2]);
    Random random = new Random(Long.parseLong(args[3]));
    Path folder = Files.createDirectories(Path.of(args[0]));
    Files.write(folder.resolve("code.bin"), AmxKernel.code());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment a = PanelData.random(arena, steps, random);
      MemorySegment b = PanelData.random(arena, steps, random);
      float[] c = new float[MatrixUnit.SIDE * MatrixUnit.SIDE];
      for (int i = 0; i < c.length; i++) {
        c[i] = (float) random.nextGaussian();
      }
      Files.write(folder.resolve("memory.bin"), memory(a, b, c, steps));
      new PlainKernel(MatrixUnit.Kind.AMX).multiply(a.address(), b.address(), c, steps, accumulate);
      Files.write(folder.resolve("expected.bin"), memory(a, b, c, steps));
    }
  }

  private static byte[] memory(MemorySegment a, MemorySegment b, float[] c, int steps) {
    long panel = MatrixUnit.bytes(steps);
    ByteBuffer all =
        ByteBuffer.allocate(Math.toIntExact(2 * panel + (long) c.length * Float.BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    all.put(a.asSlice(0, panel).toArray(ValueLayout.JAVA_BYTE));
    all.put(b.asSlice(0, panel).toArray(ValueLayout.JAVA_BYTE));
    all.asFloatBuffer().put(c);
    return all.array();
  }
}
