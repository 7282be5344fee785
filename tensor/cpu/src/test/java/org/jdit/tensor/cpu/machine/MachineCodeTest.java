package org.jdit.tensor.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.jdit.tensor.cpu.machine.Assembler.Label;
import org.jdit.tensor.cpu.machine.Assembler.Register;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Code of plain instructions, which every x86-64 processor has. */
class MachineCodeTest {
  /** {@code lea rax, [rdi+rsi]; ret}. */
  private static final String ADD = "488d0437c3";

  /**
   * The sum of {@code rsi} floats at {@code rdi}: {@code vxorps xmm0, xmm0, xmm0; test rsi, rsi; jz
   * end; next: vaddss xmm0, xmm0, [rdi]; add rdi, 4; dec rsi; jnz next; end: ret}.
   */
  private static final String SUM = "c5f857c0 4885f6 740d c5fa5807 4883c704 48ffce 75f3 c3";

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final FunctionDescriptor ADD_TYPE = FunctionDescriptor.of(LONG, LONG, LONG);
  private static final FunctionDescriptor SUM_TYPE =
      FunctionDescriptor.of(ValueLayout.JAVA_FLOAT, ValueLayout.ADDRESS, LONG);

  @Test
  void otherSystemsAreToldWhyNot() {
    assertThat(MachineCode.unavailable("Linux", "amd64", true)).isEmpty();
    assertThat(MachineCode.unavailable("Mac OS X", "aarch64", true).orElseThrow())
        .contains("Mac OS X on aarch64");
    assertThat(MachineCode.unavailable("Linux", "aarch64", true).orElseThrow())
        .contains("Linux on aarch64");
    assertThat(MachineCode.unavailable("Linux", "amd64", false).orElseThrow())
        .contains("--enable-native-access");
  }

  /** What takes a machine that runs the code. */
  @Nested
  class OnLinux {
    @BeforeEach
    void onlyThere() {
      assumeThat(MachineCode.unavailable()).isEmpty();
    }

    private MachineCode load(String hex, Arena arena) {
      return MachineCode.load(HexFormat.of().parseHex(hex.replace(" ", "")), arena);
    }

    @Test
    void codeIsCalledWithNumbers() throws Throwable {
      try (Arena arena = Arena.ofConfined()) {
        MachineCode code = load("cc" + ADD, arena);
        MethodHandle add = code.function(1, ADD_TYPE);
        MethodHandle quick = code.critical(1, ADD_TYPE);
        assertThat((long) add.invokeExact(1L << 40, -7L)).isEqualTo((1L << 40) - 7);
        assertThat((long) quick.invokeExact(3L, 4L)).isEqualTo(7);
      }
    }

    @Test
    void criticalCodeReadsArraysAndMemory() throws Throwable {
      float[] x = {1, 2, 3, 4.5f};
      try (Arena arena = Arena.ofConfined()) {
        MethodHandle sum = load(SUM, arena).critical(0, SUM_TYPE);
        MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_FLOAT, x);
        assertThat((float) sum.invokeExact(MemorySegment.ofArray(x), 4L)).isEqualTo(10.5f);
        assertThat((float) sum.invokeExact(MemorySegment.ofArray(x).asSlice(4), 2L)).isEqualTo(5);
        assertThat((float) sum.invokeExact(memory, 3L)).isEqualTo(6);
      }
    }

    @Test
    void plainCallsTakeNoArrays() {
      try (Arena arena = Arena.ofConfined()) {
        MethodHandle sum = load(SUM, arena).function(0, SUM_TYPE);
        assertThatThrownBy(() -> sum.invoke(MemorySegment.ofArray(new float[1]), 1L))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }

    /** Three for each of n, by a loop that is entered after a look whether there is any. */
    @Test
    void assembledLoopsRun() throws Throwable {
      Assembler asm = new Assembler();
      Label next = new Label();
      Label look = new Label();
      Label end = new Label();
      asm.mov(Register.RAX, 0);
      asm.jmp(look);
      asm.place(next);
      asm.add(Register.RAX, 1000);
      asm.add(Register.RAX, -997);
      asm.dec(Register.RDI);
      asm.jnz(next);
      asm.place(look);
      asm.test(Register.RDI);
      asm.jz(end);
      asm.jmp(next);
      asm.place(end);
      asm.ret();
      try (Arena arena = Arena.ofConfined()) {
        MethodHandle f =
            MachineCode.load(asm.bytes(), arena).function(0, FunctionDescriptor.of(LONG, LONG));
        assertThat((long) f.invokeExact(0L)).isZero();
        assertThat((long) f.invokeExact(1L)).isEqualTo(3);
        assertThat((long) f.invokeExact(1000L)).isEqualTo(3000);
      }
    }

    /** {@code lea rax, [rip]}: the code says where it is. */
    @Test
    void codeCannotBeWrittenAndGoesWithItsArena() throws Throwable {
      long address;
      MethodHandle where;
      try (Arena arena = Arena.ofConfined()) {
        where = load("488d0500000000c3", arena).function(0, FunctionDescriptor.of(LONG));
        address = (long) where.invokeExact();
        assertThat(rights(address)).containsExactly("r-xp");
      }
      assertThat(rights(address)).doesNotContain("r-xp");
      assertThatThrownBy(where::invoke).isInstanceOf(IllegalStateException.class);
    }

    /** Rights of the mapping that an address lies in, if there is one. */
    private List<String> rights(long address) throws Exception {
      return Files.readAllLines(Path.of("/proc/self/maps")).stream()
          .map(line -> line.split(" ", 3))
          .filter(
              part -> {
                int dash = part[0].indexOf('-');
                return Long.parseUnsignedLong(part[0], 0, dash, 16) <= address
                    && address < Long.parseUnsignedLong(part[0], dash + 1, part[0].length(), 16);
              })
          .map(part -> part[1])
          .toList();
    }

    @Test
    void thereAreNoFunctionsOutside() {
      try (Arena arena = Arena.ofConfined()) {
        MachineCode code = load(ADD, arena);
        for (int offset : new int[] {-1, 5, 4096}) {
          assertThatThrownBy(() -> code.function(offset, ADD_TYPE))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining("offset " + offset);
        }
      }
    }
  }
}
