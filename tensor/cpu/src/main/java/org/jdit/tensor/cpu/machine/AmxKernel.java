package org.jdit.tensor.cpu.machine;

import static org.jdit.tensor.cpu.machine.Assembler.Register.R10;
import static org.jdit.tensor.cpu.machine.Assembler.Register.R8;
import static org.jdit.tensor.cpu.machine.Assembler.Register.R9;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RCX;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RDI;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RDX;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RSI;
import static org.jdit.tensor.cpu.machine.Assembler.Tile.TMM0;
import static org.jdit.tensor.cpu.machine.Assembler.Tile.TMM1;
import static org.jdit.tensor.cpu.machine.Assembler.Tile.TMM2;
import static org.jdit.tensor.cpu.machine.Assembler.Tile.TMM3;
import static org.jdit.tensor.cpu.machine.Assembler.Tile.TMM4;
import static org.jdit.tensor.cpu.machine.Assembler.Tile.TMM5;
import static org.jdit.tensor.cpu.machine.Assembler.Tile.TMM6;
import static org.jdit.tensor.cpu.machine.Assembler.Tile.TMM7;

import java.util.Arrays;
import org.jdit.tensor.cpu.machine.Assembler.Label;

/**
 * The kernel for AMX: four tiles of sums, two by two, take turns with two tiles of each operand,
 * which makes four products of four loads.
 */
final class AmxKernel implements TileKernel {
  /** Bytes of a tile's row, and of the configuration of all tiles. */
  private static final int ROW = 64;

  private static final int TILE_ROWS = 16;
  private static final int TILES = 8;

  /** Bytes from the upper tiles of sums to the lower ones. */
  private static final int LOWER = TILE_ROWS * MatrixUnit.SIDE * Float.BYTES;

  /** Where the code begins: behind the configuration. */
  static final int ENTRY = ROW;

  private static final TileFunction LOADED = TileFunction.load(code(), ENTRY, Libc::requestTiles);

  private AmxKernel() {}

  /** The kernel, {@linkplain TileFunction#check if there is one}. */
  static TileKernel load() {
    LOADED.check();
    return new AmxKernel();
  }

  @Override
  public void multiply(long a, long b, float[] c, int steps, boolean accumulate) {
    LOADED.multiply(a, b, c, steps, accumulate);
  }

  /** Assembles the kernel; its first instruction is at {@link #ENTRY}. */
  static byte[] code() {
    Assembler asm = new Assembler();
    Label configuration = new Label();
    Label add = new Label();
    Label begin = new Label();
    Label step = new Label();
    Label end = new Label();

    asm.place(configuration);
    asm.data(configuration());

    asm.ldtilecfg(configuration);
    asm.mov(R9, ROW); // from a row of A to the next
    asm.mov(R10, 2 * ROW); // of B and C
    asm.test(R8);
    asm.jnz(add);
    asm.tilezero(TMM0);
    asm.tilezero(TMM1);
    asm.tilezero(TMM2);
    asm.tilezero(TMM3);
    asm.jmp(begin);
    asm.place(add);
    asm.tileloadd(TMM0, RDX, R10, 0);
    asm.tileloadd(TMM1, RDX, R10, ROW);
    asm.tileloadd(TMM2, RDX, R10, LOWER);
    asm.tileloadd(TMM3, RDX, R10, LOWER + ROW);
    asm.place(begin);
    asm.test(RCX);
    asm.jz(end);

    asm.place(step);
    asm.tileloadd(TMM6, RSI, R10, 0);
    asm.tileloadd(TMM4, RDI, R9, 0);
    asm.tdpbf16ps(TMM0, TMM4, TMM6);
    asm.tileloadd(TMM7, RSI, R10, ROW);
    asm.tdpbf16ps(TMM1, TMM4, TMM7);
    asm.tileloadd(TMM5, RDI, R9, TILE_ROWS * ROW);
    asm.tdpbf16ps(TMM2, TMM5, TMM6);
    asm.tdpbf16ps(TMM3, TMM5, TMM7);
    asm.add(RDI, MatrixUnit.STEP_BYTES);
    asm.add(RSI, MatrixUnit.STEP_BYTES);
    asm.dec(RCX);
    asm.jnz(step);

    asm.place(end);
    asm.tilestored(RDX, R10, 0, TMM0);
    asm.tilestored(RDX, R10, ROW, TMM1);
    asm.tilestored(RDX, R10, LOWER, TMM2);
    asm.tilestored(RDX, R10, LOWER + ROW, TMM3);
    asm.tilerelease();
    asm.ret();
    return asm.bytes();
  }

  /**
   * What LDTILECFG reads (Intel Software Developer's Manual, volume 1, section 18.2.3): palette 1,
   * and 16 rows of 64 bytes for each tile.
   */
  private static byte[] configuration() {
    byte[] all = new byte[ROW];
    all[0] = 1;
    for (int tile = 0; tile < TILES; tile++) {
      all[16 + 2 * tile] = ROW;
    }
    Arrays.fill(all, 48, 48 + TILES, (byte) TILE_ROWS);
    return all;
  }
}
