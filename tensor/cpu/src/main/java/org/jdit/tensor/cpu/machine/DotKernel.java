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

import org.jdit.tensor.cpu.machine.Assembler.Label;

/**
 * The kernel for AVX512-BF16, an instruction of which multiplies 16 pairs of terms and adds them to
 * 16 sums. The sums of all 32 rows do not fit the registers, so they take turns.
 */
final class DotKernel implements TileKernel {
  /** Rows of each turn: two sums for each; what they leave is for two columns and some rows. */
  private static final int[] TURNS = {11, 11, 10};

  /** Pairs of terms between two jumps; divides those of a step. */
  private static final int UNROLLED = 2;

  private static final int PAIRS = MatrixUnit.STEP / 2;

  /** Bytes of a pair of terms, of a row of a step of A, and of a row of a step of B or of C. */
  private static final int PAIR = 2 * Short.BYTES;

  private static final int LEFT_ROW = PAIRS * PAIR;
  private static final int ROW = MatrixUnit.SIDE * PAIR;

  private static final int VECTOR = ROW / 2;
  private static final int AHEAD = 8 * ROW;
  private static final int REGISTERS = 32;

  private static final TileFunction LOADED = TileFunction.load(code(), 0, () -> {});

  private DotKernel() {}

  /** The kernel, {@linkplain TileFunction#check if there is one}. */
  static TileKernel load() {
    LOADED.check();
    return new DotKernel();
  }

  @Override
  public void multiply(long a, long b, float[] c, int steps, boolean accumulate) {
    LOADED.multiply(a, b, c, steps, accumulate);
  }

  /** Assembles the kernel. */
  static byte[] code() {
    Assembler asm = new Assembler();
    asm.mov(R9, RDI);
    asm.mov(R10, RSI);
    asm.mov(R11, RCX);
    for (int rows : TURNS) {
      turn(asm, rows);
      asm.add(R9, rows * LEFT_ROW);
      asm.add(RDX, rows * ROW);
    }
    asm.vzeroupper();
    asm.ret();
    return asm.bytes();
  }

  /** Some rows: A from r9 on, B from r10 on, as many steps as r11 says, and C from rdx on. */
  private static void turn(Assembler asm, int rows) {
    Label add = new Label();
    Label begin = new Label();
    Label step = new Label();
    Label pairs = new Label();
    Label end = new Label();

    asm.mov(RDI, R9);
    asm.mov(RSI, R10);
    asm.mov(RCX, R11);
    asm.test(R8);
    asm.jnz(add);
    for (int i = 0; i < 2 * rows; i++) {
      asm.clear(i);
    }
    asm.jmp(begin);
    asm.place(add);
    for (int i = 0; i < 2 * rows; i++) {
      asm.vmovups(i, RDX, i * VECTOR);
    }
    asm.place(begin);
    asm.test(RCX);
    asm.jz(end);

    asm.place(step);
    asm.mov(RAX, PAIRS / UNROLLED);
    asm.place(pairs);
    for (int i = 0; i < UNROLLED; i++) {
      pair(asm, rows, i);
    }
    asm.add(RDI, UNROLLED * PAIR);
    asm.add(RSI, UNROLLED * ROW);
    asm.dec(RAX);
    asm.jnz(pairs);
    asm.add(RDI, MatrixUnit.STEP_BYTES - LEFT_ROW);
    asm.dec(RCX);
    asm.jnz(step);

    asm.place(end);
    for (int i = 0; i < 2 * rows; i++) {
      asm.vmovups(RDX, i * VECTOR, i);
    }
  }

  /** A pair of terms of all sums, {@code at} pairs from where the registers point. */
  private static void pair(Assembler asm, int rows, int at) {
    int right = 2 * rows;
    int left = right + 2;
    asm.vmovups(right, RSI, at * ROW);
    asm.vmovups(right + 1, RSI, at * ROW + VECTOR);
    asm.prefetcht0(RSI, at * ROW + AHEAD);
    asm.prefetcht0(RSI, at * ROW + AHEAD + VECTOR);
    for (int i = 0; i < rows; i++) {
      int factor = left + i % (REGISTERS - left);
      asm.vbroadcastss(factor, RDI, i * LEFT_ROW + at * PAIR);
      asm.vdpbf16ps(2 * i, factor, right);
      asm.vdpbf16ps(2 * i + 1, factor, right + 1);
    }
  }
}
