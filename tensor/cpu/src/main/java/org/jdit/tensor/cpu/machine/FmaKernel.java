package org.jdit.tensor.cpu.machine;

import static org.jdit.tensor.cpu.machine.Assembler.Register.R8;
import static org.jdit.tensor.cpu.machine.Assembler.Register.R9;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RCX;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RDI;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RDX;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RSI;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jdit.tensor.JditException;
import org.jdit.tensor.cpu.machine.Assembler.Label;

/**
 * {@link BlockKernel} for AVX-512, of 12 or 6 rows and 32 columns: to the bit what the Vector API
 * gives, but faster from the first call on, because each row of the right panel is fetched into the
 * nearest cache ahead of its use, and no compiler has to find the registers.
 */
final class FmaKernel implements BlockKernel {
  /** Rows of the larger kernel: two sums for each, and three operands, fill the registers. */
  static final int TALL = 12;

  /** Rows of the smaller kernel. */
  static final int LOW = 6;

  /** Columns. */
  static final int WIDTH = 32;

  private static final int ROW = WIDTH * Float.BYTES;
  private static final int VECTOR = ROW / 2;
  private static final int AHEAD = 8 * ROW;
  private static final int REGISTERS = 32;

  /** {@code (a, offset, b, tile, pairs, odd)}: pairs of terms, and whether there is one more. */
  private static final FunctionDescriptor TYPE =
      FunctionDescriptor.ofVoid(
          ValueLayout.ADDRESS,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.ADDRESS,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG);

  private static final CriticalFunction TALL_CODE = CriticalFunction.load(code(TALL), TYPE);
  private static final CriticalFunction LOW_CODE = CriticalFunction.load(code(LOW), TYPE);

  private FmaKernel() {}

  /**
   * The kernel.
   *
   * @throws JditException if the system allows no machine code
   */
  static BlockKernel load() {
    TALL_CODE.check();
    LOW_CODE.check();
    return new FmaKernel();
  }

  @Override
  public void multiply(int height, float[] a, int aStart, long b, int depth, float[] tile) {
    MemorySegment left = MemorySegment.ofArray(a);
    MemorySegment to = MemorySegment.ofArray(tile);
    long offset = (long) aStart * Float.BYTES;
    long pairs = depth / 2;
    long odd = depth % 2;
    try {
      if (height > LOW) {
        TALL_CODE.handle().invokeExact(left, offset, b, to, pairs, odd);
      } else {
        LOW_CODE.handle().invokeExact(left, offset, b, to, pairs, odd);
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("machine code throws nothing", e);
    }
  }

  /** Assembles the kernel of some rows. */
  static byte[] code(int rows) {
    Assembler asm = new Assembler();
    Label pairs = new Label();
    Label pair = new Label();
    Label end = new Label();

    asm.add(RDI, RSI);
    for (int i = 0; i < 2 * rows; i++) {
      asm.clear(i);
    }
    asm.test(R9);
    asm.jz(pairs);
    term(asm, rows, 0);
    asm.add(RDI, rows * Float.BYTES);
    asm.add(RDX, ROW);

    asm.place(pairs);
    asm.test(R8);
    asm.jz(end);
    asm.place(pair);
    term(asm, rows, 0);
    term(asm, rows, 1);
    asm.add(RDI, 2 * rows * Float.BYTES);
    asm.add(RDX, 2 * ROW);
    asm.dec(R8);
    asm.jnz(pair);

    asm.place(end);
    for (int i = 0; i < 2 * rows; i++) {
      asm.vmovups(RCX, i * VECTOR, i);
    }
    asm.vzeroupper();
    asm.ret();
    return asm.bytes();
  }

  /** One term of all sums, {@code at} terms from where the registers point. */
  private static void term(Assembler asm, int rows, int at) {
    int right = 2 * rows;
    int left = right + 2;
    asm.vmovups(right, RDX, at * ROW);
    asm.vmovups(right + 1, RDX, at * ROW + VECTOR);
    asm.prefetcht0(RDX, at * ROW + AHEAD);
    asm.prefetcht0(RDX, at * ROW + AHEAD + VECTOR);
    for (int i = 0; i < rows; i++) {
      int factor = left + i % (REGISTERS - left);
      asm.vbroadcastss(factor, RDI, (at * rows + i) * Float.BYTES);
      asm.vfmadd231ps(2 * i, factor, right);
      asm.vfmadd231ps(2 * i + 1, factor, right + 1);
    }
  }
}
