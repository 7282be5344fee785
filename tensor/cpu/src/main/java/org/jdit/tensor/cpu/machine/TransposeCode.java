package org.jdit.tensor.cpu.machine;

import static org.jdit.tensor.cpu.machine.Assembler.Register.R10;
import static org.jdit.tensor.cpu.machine.Assembler.Register.R11;
import static org.jdit.tensor.cpu.machine.Assembler.Register.R8;
import static org.jdit.tensor.cpu.machine.Assembler.Register.R9;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RAX;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RCX;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RDI;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RDX;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RSI;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jdit.tensor.JditException;
import org.jdit.tensor.cpu.machine.Assembler.Label;
import org.jdit.tensor.cpu.machine.Assembler.Packed;

/**
 * {@link TransposeKernel} for AVX-512. Four rows at a time become quarters of columns within each
 * four lanes; then quarters of four vectors change places.
 */
final class TransposeCode implements TransposeKernel {
  private static final int TALL = 16;
  private static final int LOW = 12;
  private static final int VECTOR = 64;

  // Choices of two lanes, or quarters, each of two operands.
  private static final int LOWER = 0x44;
  private static final int UPPER = 0xee;
  private static final int EVEN = 0x88;
  private static final int ODD = 0xdd;

  /** {@code (from, row, into, to, step, blocks)}: rdi, rsi, rdx, rcx, r8 and r9. */
  private static final FunctionDescriptor TYPE =
      FunctionDescriptor.ofVoid(
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.ADDRESS,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG);

  private static final CriticalFunction TALL_CODE = CriticalFunction.load(code(TALL), TYPE);
  private static final CriticalFunction LOW_CODE = CriticalFunction.load(code(LOW), TYPE);

  private TransposeCode() {}

  /**
   * The kernel.
   *
   * @throws JditException if the system allows no machine code
   */
  static TransposeKernel load() {
    TALL_CODE.check();
    LOW_CODE.check();
    return new TransposeCode();
  }

  @Override
  public void transpose(
      int rows, long from, long row, int blocks, float[] into, int to, int width) {
    Objects.checkFromIndexSize((long) to, ((long) TALL * blocks - 1) * width + rows, into.length);
    MemorySegment array = MemorySegment.ofArray(into);
    long offset = (long) to * Float.BYTES;
    long step = (long) width * Float.BYTES;
    long count = blocks;
    try {
      if (rows == TALL) {
        TALL_CODE.handle().invokeExact(from, row, array, offset, step, count);
      } else {
        LOW_CODE.handle().invokeExact(from, row, array, offset, step, count);
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("machine code throws nothing", e);
    }
  }

  private static byte[] code(int rows) {
    Assembler asm = new Assembler();
    Label block = new Label();
    asm.add(RDX, RCX);
    asm.mov(R10, RSI);
    asm.add(R10, RSI);
    asm.mov(R11, R10);
    asm.add(R10, RSI);
    asm.add(R11, R11);
    asm.mov(RAX, (1 << rows) - 1);
    asm.kmovw();

    asm.place(block);
    asm.mov(RAX, RDI);
    for (int group = 0; group < rows / 4; group++) {
      quarters(asm, 4 * group);
      asm.add(RAX, R11);
    }
    for (int c = 0; c < 4; c++) {
      // Beyond the rows that there are, any will do.
      pairs(asm, c, 4 + c, 8 + c, (rows - 4) + c);
    }
    for (int k = 0; k < TALL; k++) {
      // Columns are stored in their order: what a store of fewer than 16 spoils, the next one puts
      // right, and the last one is cut.
      int c = k % 4;
      int pair = 16 + 4 * c + (k / 8) * 2;
      asm.vshuff32x4(0, pair, pair + 1, k / 4 % 2 == 0 ? EVEN : ODD);
      if (k == TALL - 1) {
        asm.vmovupsMasked(RDX, 0);
      } else {
        asm.vmovups(RDX, 0, 0);
      }
      asm.add(RDX, R8);
    }
    asm.add(RDI, VECTOR);
    asm.dec(R9);
    asm.jnz(block);
    asm.vzeroupper();
    asm.ret();
    return asm.bytes();
  }

  /** Four rows from rax on: in register {@code to + c}, of each four lanes, lane c of all four. */
  private static void quarters(Assembler asm, int to) {
    int rows = 16;
    asm.vmovups(rows, RAX, 0);
    asm.vmovups(rows + 1, RAX, RSI, 1, 0);
    asm.vmovups(rows + 2, RAX, RSI, 2, 0);
    asm.vmovups(rows + 3, RAX, R10, 1, 0);
    int both = 20;
    asm.packed(Packed.VUNPCKLPS, both, rows, rows + 1);
    asm.packed(Packed.VUNPCKHPS, both + 1, rows, rows + 1);
    asm.packed(Packed.VUNPCKLPS, both + 2, rows + 2, rows + 3);
    asm.packed(Packed.VUNPCKHPS, both + 3, rows + 2, rows + 3);
    asm.vshufps(to, both, both + 2, LOWER);
    asm.vshufps(to + 1, both, both + 2, UPPER);
    asm.vshufps(to + 2, both + 1, both + 3, LOWER);
    asm.vshufps(to + 3, both + 1, both + 3, UPPER);
  }

  /** The first two quarters of four vectors, pair by pair, and then the last two. */
  private static void pairs(Assembler asm, int c, int second, int third, int fourth) {
    int to = 16 + 4 * c;
    asm.vshuff32x4(to, c, second, LOWER);
    asm.vshuff32x4(to + 1, third, fourth, LOWER);
    asm.vshuff32x4(to + 2, c, second, UPPER);
    asm.vshuff32x4(to + 3, third, fourth, UPPER);
  }
}
