package org.jdit.tensor.cpu.machine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes the few x86-64 instructions that {@link FmaKernel}, {@link AmxKernel}, {@link DotKernel},
 * {@link TransposeCode} and the loops of {@link LoopWriter} are made of. Methods have the names of
 * the instructions, destination first. Vector registers have 512 bits and go by their numbers, 0 to
 * 31.
 *
 * <p>Encodings are those of the Intel 64 and IA-32 Architectures Software Developer's Manual,
 * volume 2: section 2.1 (ModR/M and SIB bytes), 2.2.1 (REX prefixes), 2.3 (VEX prefixes), 2.7 (EVEX
 * prefixes), and the page of each instruction in chapters 3 to 5.
 */
final class Assembler {
  /** General registers. */
  enum Register {
    RAX(0),
    RCX(1),
    RDX(2),
    RBX(3),
    RSP(4),
    RBP(5),
    RSI(6),
    RDI(7),
    R8(8),
    R9(9),
    R10(10),
    R11(11),
    R12(12),
    R13(13),
    R14(14),
    R15(15);

    private final int number;

    Register(int number) {
      this.number = number;
    }

    /** The three bits that ModR/M and SIB have room for. */
    private int low() {
      return number & 7;
    }

    /** The fourth bit, which goes into a prefix. */
    private int high() {
      return number >> 3;
    }
  }

  /** Tile registers. */
  enum Tile {
    TMM0(0),
    TMM1(1),
    TMM2(2),
    TMM3(3),
    TMM4(4),
    TMM5(5),
    TMM6(6),
    TMM7(7);

    private final int number;

    Tile(int number) {
      this.number = number;
    }
  }

  /** A place in the code, which can be referred to before it is known. */
  static final class Label {
    private final List<Integer> uses = new ArrayList<>();
    private int position = -1;
  }

  /** No code is longer than this. */
  private static final int MOST = 1 << 16;

  private static final int ZMM_BYTES = 64;
  private static final int YMM_BYTES = 32;

  // ModR/M: how a memory operand is displaced, and what the two special register numbers mean.
  private static final int NO_DISPLACEMENT = 0;
  private static final int BYTE_DISPLACEMENT = 1;
  private static final int INT_DISPLACEMENT = 2;
  private static final int REGISTERS = 3;
  private static final int SIB_FOLLOWS = 4;
  private static final int RELATIVE = 5;

  // VEX and EVEX: the prefix that an instruction without them would have had, and the opcode's map.
  private static final int NONE = 0;
  private static final int P66 = 1;
  private static final int F3 = 2;
  private static final int F2 = 3;
  private static final int MAP_0F = 1;
  private static final int MAP_0F38 = 2;
  private static final int MAP_0F3A = 3;

  private final ByteBuffer code = ByteBuffer.allocate(MOST).order(ByteOrder.LITTLE_ENDIAN);
  private final List<Label> labels = new ArrayList<>();

  /** The code so far. */
  byte[] bytes() {
    if (labels.stream().anyMatch(label -> label.position < 0)) {
      throw new IllegalStateException("a label is used but not placed");
    }
    return Arrays.copyOf(code.array(), code.position());
  }

  /** Places a label before the next instruction. */
  void place(Label label) {
    if (label.position >= 0) {
      throw new IllegalStateException("a label is placed twice");
    }
    label.position = code.position();
    label.uses.forEach(at -> code.putInt(at, label.position - at - Integer.BYTES));
  }

  /** Bytes that are no instructions. */
  void data(byte[] bytes) {
    code.put(bytes);
  }

  /** {@code MOV r64, imm32}: REX.W C7 /0 id. */
  void mov(Register to, int value) {
    rex(to, 0xc7);
    modrm(REGISTERS, 0, to.low());
    code.putInt(value);
  }

  /** {@code MOV r64, r64}: REX.W 89 /r. */
  void mov(Register to, Register from) {
    code.put((byte) (0x48 | from.high() << 2 | to.high())).put((byte) 0x89);
    modrm(REGISTERS, from.low(), to.low());
  }

  /** {@code MOV r64, [base + offset]}: REX.W 8B /r. */
  void mov(Register to, Register base, int offset) {
    code.put((byte) (0x48 | to.high() << 2 | base.high())).put((byte) 0x8b);
    displaced(to.low(), base, offset, 1);
  }

  /** {@code ADD r64, [base + offset]}: REX.W 03 /r. */
  void add(Register to, Register base, int offset) {
    code.put((byte) (0x48 | to.high() << 2 | base.high())).put((byte) 0x03);
    displaced(to.low(), base, offset, 1);
  }

  /** {@code ADD r64, imm}: REX.W 83 /0 ib, or REX.W 81 /0 id. */
  void add(Register to, int value) {
    boolean small = value == (byte) value;
    rex(to, small ? 0x83 : 0x81);
    modrm(REGISTERS, 0, to.low());
    if (small) {
      code.put((byte) value);
    } else {
      code.putInt(value);
    }
  }

  /** {@code ADD r64, r64}: REX.W 01 /r. */
  void add(Register to, Register from) {
    code.put((byte) (0x48 | from.high() << 2 | to.high())).put((byte) 0x01);
    modrm(REGISTERS, from.low(), to.low());
  }

  /** {@code DEC r64}: REX.W FF /1; says whether the result is zero. */
  void dec(Register r) {
    rex(r, 0xff);
    modrm(REGISTERS, 1, r.low());
  }

  /** {@code TEST r64, r64} of a register with itself: REX.W 85 /r; says whether it is zero. */
  void test(Register r) {
    code.put((byte) (0x48 | r.high() << 2 | r.high()));
    code.put((byte) 0x85);
    modrm(REGISTERS, r.low(), r.low());
  }

  /** {@code CMP a, b} of r64: REX.W 39 /r. */
  void cmp(Register a, Register b) {
    code.put((byte) (0x48 | b.high() << 2 | a.high())).put((byte) 0x39);
    modrm(REGISTERS, b.low(), a.low());
  }

  /** {@code JMP r64}: FF /4. */
  void jmp(Register to) {
    if (to.high() > 0) {
      throw new IllegalArgumentException("no encoding for " + to);
    }
    code.put((byte) 0xff);
    modrm(REGISTERS, 4, to.low());
  }

  /** {@code JB rel32}, if the comparison's first is below its second: 0F 82 cd. */
  void jb(Label to) {
    code.put((byte) 0x0f).put((byte) 0x82);
    distance(to);
  }

  /** {@code JZ rel32}: 0F 84 cd. */
  void jz(Label to) {
    code.put((byte) 0x0f).put((byte) 0x84);
    distance(to);
  }

  /** {@code JNZ rel32}: 0F 85 cd. */
  void jnz(Label to) {
    code.put((byte) 0x0f).put((byte) 0x85);
    distance(to);
  }

  /** {@code JMP rel32}: E9 cd. */
  void jmp(Label to) {
    code.put((byte) 0xe9);
    distance(to);
  }

  /** {@code RET}: C3. */
  void ret() {
    code.put((byte) 0xc3);
  }

  /** {@code LDTILECFG m512} of 64 bytes in the code: VEX.128.NP.0F38.W0 49 !(11):000:bbb. */
  void ldtilecfg(Label configuration) {
    vex(0, 0, 0, NONE, 0x49);
    modrm(NO_DISPLACEMENT, 0, RELATIVE);
    distance(configuration);
  }

  /** {@code TILERELEASE}: VEX.128.NP.0F38.W0 49 C0. */
  void tilerelease() {
    vex(0, 0, 0, NONE, 0x49);
    modrm(REGISTERS, 0, 0);
  }

  /** {@code TILEZERO tmm}: VEX.128.F2.0F38.W0 49 11:rrr:000. */
  void tilezero(Tile tile) {
    vex(0, 0, 0, F2, 0x49);
    modrm(REGISTERS, tile.number, 0);
  }

  /**
   * {@code TILELOADD tmm, [base + stride + offset]}, row {@code i} from {@code base + i·stride +
   * offset}: VEX.128.F2.0F38.W0 4B !(11):rrr:100.
   */
  void tileloadd(Tile to, Register base, Register stride, int offset) {
    tileMemory(F2, to, base, stride, offset);
  }

  /** {@code TILESTORED [base + stride + offset], tmm}: VEX.128.F3.0F38.W0 4B !(11):rrr:100. */
  void tilestored(Register base, Register stride, int offset, Tile from) {
    tileMemory(F3, from, base, stride, offset);
  }

  /** {@code TDPBF16PS c, a, b}, which is c += a · b: VEX.128.F3.0F38.W0 5C 11:rrr:bbb. */
  void tdpbf16ps(Tile c, Tile a, Tile b) {
    vex(0, 0, b.number, F3, 0x5c);
    modrm(REGISTERS, c.number, a.number);
  }

  /** {@code VPXORD zmm, zmm, zmm} of a register with itself: EVEX.512.66.0F.W0 EF /r. */
  void clear(int zmm) {
    packed(Packed.VPXORD, zmm, zmm, zmm);
  }

  /** {@code VFMADD231PS to, a, b}, which is to += a · b: EVEX.512.66.0F38.W0 B8 /r. */
  void vfmadd231ps(int to, int a, int b) {
    packed(Packed.VFMADD231PS, to, a, b);
  }

  /**
   * {@code VDPBF16PS to, a, b}, which adds to each element of {@code to} two products of bfloat16:
   * EVEX.512.F3.0F38.W0 52 /r.
   */
  void vdpbf16ps(int to, int a, int b) {
    evex(to >> 3, b >> 4, b >> 3, a, F3, MAP_0F38, 0x52);
    modrm(REGISTERS, to & 7, b & 7);
  }

  /**
   * An instruction of packed floats or integers in registers: its prefix, its opcode's map, and the
   * opcode.
   */
  enum Packed {
    VADDPS(NONE, MAP_0F, 0x58),
    VMULPS(NONE, MAP_0F, 0x59),
    VSUBPS(NONE, MAP_0F, 0x5c),
    VDIVPS(NONE, MAP_0F, 0x5e),
    /** The first if it is less than the second, else the second, which a NaN therefore stays. */
    VMINPS(NONE, MAP_0F, 0x5d),
    /** The first if it is greater than the second, else the second. */
    VMAXPS(NONE, MAP_0F, 0x5f),
    /** Of each four lanes the lower two of both operands, in turns. */
    VUNPCKLPS(NONE, MAP_0F, 0x14),
    /** Of each four lanes the upper two of both operands, in turns. */
    VUNPCKHPS(NONE, MAP_0F, 0x15),
    VPANDD(P66, MAP_0F, 0xdb),
    VPORD(P66, MAP_0F, 0xeb),
    VPXORD(P66, MAP_0F, 0xef),
    /** The sum of two integers. */
    VPADDD(P66, MAP_0F, 0xfe),
    /** The first times 2 to the power of the second. */
    VSCALEFPS(P66, MAP_0F38, 0x2c),
    /** The result's register plus the first times the second. */
    VFMADD231PS(P66, MAP_0F38, 0xb8),
    /** The first times the result's register, plus the second. */
    VFMADD213PS(P66, MAP_0F38, 0xa8);

    private final int prefix;
    private final int map;
    private final int opcode;

    Packed(int prefix, int map, int opcode) {
      this.prefix = prefix;
      this.map = map;
      this.opcode = opcode;
    }
  }

  /** {@code INSTRUCTION to, a, b}: EVEX.512.W0 /r. */
  void packed(Packed instruction, int to, int a, int b) {
    evex(to >> 3, b >> 4, b >> 3, a, instruction.prefix, instruction.map, instruction.opcode);
    modrm(REGISTERS, to & 7, b & 7);
  }

  /** An instruction of the floats of one register, as above. */
  enum Unary {
    VSQRTPS(NONE, MAP_0F, 0x51),
    /** The largest whole number that 2 to the power of it is not larger than the float. */
    VGETEXPPS(P66, MAP_0F38, 0x42);

    private final int prefix;
    private final int map;
    private final int opcode;

    Unary(int prefix, int map, int opcode) {
      this.prefix = prefix;
      this.map = map;
      this.opcode = opcode;
    }
  }

  /** {@code INSTRUCTION to, a}: EVEX.512.W0 /r. */
  void packed(Unary instruction, int to, int a) {
    evex(to >> 3, a >> 4, a >> 3, 0, instruction.prefix, instruction.map, instruction.opcode);
    modrm(REGISTERS, to & 7, a & 7);
  }

  /**
   * {@code VGETMANTPS to, a, 0}: EVEX.512.66.0F3A.W0 26 /r ib. The float divided by 2 to the power
   * of its exponent, from 1 to 2.
   */
  void vgetmantps(int to, int a) {
    evex(to >> 3, a >> 4, a >> 3, 0, P66, MAP_0F3A, 0x26);
    modrm(REGISTERS, to & 7, a & 7);
    code.put((byte) 0);
  }

  /** {@code VPSLLD to, a, imm8}: EVEX.512.66.0F.W0 72 /6 ib. */
  void vpslld(int to, int a, int bits) {
    shift(6, to, a, bits);
  }

  /** {@code VPSRLD to, a, imm8}: EVEX.512.66.0F.W0 72 /2 ib. */
  void vpsrld(int to, int a, int bits) {
    shift(2, to, a, bits);
  }

  private void shift(int which, int to, int a, int bits) {
    evex(0, a >> 4, a >> 3, to, P66, MAP_0F, 0x72);
    modrm(REGISTERS, which, a & 7);
    code.put((byte) bits);
  }

  /** {@code VMOVAPS to, from}: EVEX.512.0F.W0 28 /r. */
  void vmovaps(int to, int from) {
    evex(to >> 3, from >> 4, from >> 3, 0, NONE, MAP_0F, 0x28);
    modrm(REGISTERS, to & 7, from & 7);
  }

  /**
   * {@code VRANGEPS to, a, b, imm8}: EVEX.512.66.0F3A.W0 50 /r ib. With 4 the smaller and with 5
   * the larger of two numbers, -0 being less than 0.
   */
  void vrangeps(int to, int a, int b, int choice) {
    evex(to >> 3, b >> 4, b >> 3, a, P66, MAP_0F3A, 0x50);
    modrm(REGISTERS, to & 7, b & 7);
    code.put((byte) choice);
  }

  /**
   * {@code VSHUFPS to, a, b, imm8}: EVEX.512.0F.W0 C6 /r ib. Of each four lanes two of a, then two
   * of b, two bits of the choice for each.
   */
  void vshufps(int to, int a, int b, int choice) {
    evex(to >> 3, b >> 4, b >> 3, a, NONE, MAP_0F, 0xc6);
    modrm(REGISTERS, to & 7, b & 7);
    code.put((byte) choice);
  }

  /** {@code VSHUFF32X4 to, a, b, imm8}, as above with quarters: EVEX.512.66.0F3A.W0 23 /r ib. */
  void vshuff32x4(int to, int a, int b, int choice) {
    evex(to >> 3, b >> 4, b >> 3, a, P66, MAP_0F3A, 0x23);
    modrm(REGISTERS, to & 7, b & 7);
    code.put((byte) choice);
  }

  /** {@code KMOVW k1, eax}: VEX.L0.0F.W0 92 /r. */
  void kmovw() {
    code.put((byte) 0xc5).put((byte) 0xf8).put((byte) 0x92).put((byte) 0xc8);
  }

  /** {@code VMOVUPS [base] {k1}, zmm}: EVEX.512.0F.W0 11 /r. */
  void vmovupsMasked(Register base, int from) {
    evex(from >> 3, 0, base.high(), 0, NONE, MAP_0F, 1, 0x11);
    displaced(from, base, 0, ZMM_BYTES);
  }

  /** {@code VCMPPS k1, a, b, imm8}: EVEX.512.0F.W0 C2 /r ib. */
  void vcmpps(int a, int b, int predicate) {
    evex(0, b >> 4, b >> 3, a, NONE, MAP_0F, 0xc2);
    modrm(REGISTERS, 1, b & 7);
    code.put((byte) predicate);
  }

  /** {@code VBLENDMPS to {k1}, a, b}, which is b where k1 is set: EVEX.512.66.0F38.W0 65 /r. */
  void vblendmps(int to, int a, int b) {
    evex(to >> 3, b >> 4, b >> 3, a, P66, MAP_0F38, 1, 0x65);
    modrm(REGISTERS, to & 7, b & 7);
  }

  /** {@code VMOVUPS zmm, [base + scale · index + offset]}: EVEX.512.0F.W0 10 /r. */
  void vmovups(int to, Register base, Register index, int scale, int offset) {
    evex(to >> 3, index.high(), base.high(), 0, NONE, MAP_0F, 0x10);
    indexed(to, base, index, scale, offset, ZMM_BYTES);
  }

  /** {@code VMOVUPS [base + scale · index + offset], zmm}: EVEX.512.0F.W0 11 /r. */
  void vmovups(Register base, Register index, int scale, int offset, int from) {
    evex(from >> 3, index.high(), base.high(), 0, NONE, MAP_0F, 0x11);
    indexed(from, base, index, scale, offset, ZMM_BYTES);
  }

  /**
   * {@code VCVTPH2PS zmm, [base + scale · index + offset]}, floats of half-precision numbers:
   * EVEX.512.66.0F38.W0 13 /r.
   */
  void vcvtph2ps(int to, Register base, Register index, int scale, int offset) {
    evex(to >> 3, index.high(), base.high(), 0, P66, MAP_0F38, 0x13);
    indexed(to, base, index, scale, offset, YMM_BYTES);
  }

  /**
   * {@code VCVTPS2PH [base + scale · index + offset], zmm, 0}, the nearest half-precision numbers:
   * EVEX.512.66.0F3A.W0 1D /r ib.
   */
  void vcvtps2ph(Register base, Register index, int scale, int offset, int from) {
    evex(from >> 3, index.high(), base.high(), 0, P66, MAP_0F3A, 0x1d);
    indexed(from, base, index, scale, offset, YMM_BYTES);
    code.put((byte) 0);
  }

  /**
   * {@code VPMOVZXWD zmm, [base + scale · index + offset]}, two bytes to each lane:
   * EVEX.512.66.0F38.W0 33 /r.
   */
  void vpmovzxwd(int to, Register base, Register index, int scale, int offset) {
    evex(to >> 3, index.high(), base.high(), 0, P66, MAP_0F38, 0x33);
    indexed(to, base, index, scale, offset, YMM_BYTES);
  }

  /**
   * {@code VPMOVDW [base + scale · index + offset], zmm}, the lower two bytes of each lane:
   * EVEX.512.F3.0F38.W0 33 /r.
   */
  void vpmovdw(Register base, Register index, int scale, int offset, int from) {
    evex(from >> 3, index.high(), base.high(), 0, F3, MAP_0F38, 0x33);
    indexed(from, base, index, scale, offset, YMM_BYTES);
  }

  /** {@code VBROADCASTSS zmm, m32} of a float in the code: EVEX.512.66.0F38.W0 18 /r. */
  void vbroadcastss(int to, Label from) {
    evex(to >> 3, 0, 0, 0, P66, MAP_0F38, 0x18);
    modrm(NO_DISPLACEMENT, to & 7, RELATIVE);
    distance(from);
  }

  /** {@code VMOVUPS zmm, [base + offset]}: EVEX.512.0F.W0 10 /r. */
  void vmovups(int to, Register base, int offset) {
    evex(to >> 3, 0, base.high(), 0, NONE, MAP_0F, 0x10);
    displaced(to, base, offset, ZMM_BYTES);
  }

  /** {@code VMOVUPS [base + offset], zmm}: EVEX.512.0F.W0 11 /r. */
  void vmovups(Register base, int offset, int from) {
    evex(from >> 3, 0, base.high(), 0, NONE, MAP_0F, 0x11);
    displaced(from, base, offset, ZMM_BYTES);
  }

  /** {@code VBROADCASTSS zmm, [base + offset]}: EVEX.512.66.0F38.W0 18 /r. */
  void vbroadcastss(int to, Register base, int offset) {
    evex(to >> 3, 0, base.high(), 0, P66, MAP_0F38, 0x18);
    displaced(to, base, offset, Float.BYTES);
  }

  /** {@code PREFETCHT0 [base + offset]}: 0F 18 /1, of one of the lower eight registers. */
  void prefetcht0(Register base, int offset) {
    if (base.high() > 0) {
      throw new IllegalArgumentException("no encoding for " + base);
    }
    code.put((byte) 0x0f).put((byte) 0x18);
    displaced(1, base, offset, 1);
  }

  /** {@code VZEROUPPER}: VEX.128.0F.WIG 77. */
  void vzeroupper() {
    code.put((byte) 0xc5).put((byte) 0xf8).put((byte) 0x77);
  }

  /**
   * ModR/M byte and displacement of a memory operand; a displacement of one byte counts in {@code
   * unit} bytes (disp8*N).
   */
  private void displaced(int register, Register base, int offset, int unit) {
    if (base.low() == SIB_FOLLOWS) {
      throw new IllegalArgumentException("no encoding for " + base);
    }
    boolean small = offset % unit == 0 && offset / unit == (byte) (offset / unit);
    // Without a displacement, the number of rbp and r13 stands for no base.
    if (offset == 0 && base.low() != Register.RBP.low()) {
      modrm(NO_DISPLACEMENT, register & 7, base.low());
    } else if (small) {
      modrm(BYTE_DISPLACEMENT, register & 7, base.low());
      code.put((byte) (offset / unit));
    } else {
      modrm(INT_DISPLACEMENT, register & 7, base.low());
      code.putInt(offset);
    }
  }

  /**
   * EVEX prefix, W0, 512 bits, and the opcode; registers are inverted.
   *
   * @param reg bits 3 and 4 of the register in ModR/M's reg field
   * @param index bit 4 of the register in the rm field, or bit 3 of an index register
   * @param rm bit 3 of the register in the rm field
   * @param second the second operand, or 0
   */
  private void evex(int reg, int index, int rm, int second, int prefix, int map, int opcode) {
    evex(reg, index, rm, second, prefix, map, 0, opcode);
  }

  /** As above, under a mask register; 0 is none. */
  private void evex(
      int reg, int index, int rm, int second, int prefix, int map, int mask, int opcode) {
    int high = (reg & 1) << 7 | (index & 1) << 6 | (rm & 1) << 5 | (reg & 2) << 3;
    code.put((byte) 0x62).put((byte) ((high ^ 0xf0) | map));
    code.put((byte) (((second & 15) ^ 15) << 3 | 4 | prefix));
    code.put((byte) (0x40 | (second >> 4 ^ 1) << 3 | mask)).put((byte) opcode);
  }

  /**
   * ModR/M and SIB bytes and displacement of a memory operand.
   *
   * @param scale 1 or 2
   * @param offset a multiple of {@code unit}, of which one byte can count as many
   */
  private void indexed(
      int register, Register base, Register index, int scale, int offset, int unit) {
    int units = offset / unit;
    if (index == Register.RSP || offset % unit != 0 || units != (byte) units) {
      throw new IllegalArgumentException("no encoding for " + index + " and " + offset);
    }
    modrm(BYTE_DISPLACEMENT, register & 7, SIB_FOLLOWS);
    code.put((byte) (scale >> 1 << 6 | index.low() << 3 | base.low())).put((byte) units);
  }

  private void tileMemory(int prefix, Tile tile, Register base, Register stride, int offset) {
    if (stride == Register.RSP) {
      throw new IllegalArgumentException("rsp cannot be a stride; its number stands for none");
    }
    vex(stride.high(), base.high(), 0, prefix, 0x4b);
    // Without a displacement, the number of rbp and r13 stands for no base.
    boolean none = offset == 0 && base.low() != Register.RBP.low();
    boolean small = offset == (byte) offset;
    int displacement = none ? NO_DISPLACEMENT : small ? BYTE_DISPLACEMENT : INT_DISPLACEMENT;
    modrm(displacement, tile.number, SIB_FOLLOWS);
    code.put((byte) (stride.low() << 3 | base.low()));
    switch (displacement) {
      case BYTE_DISPLACEMENT -> code.put((byte) offset);
      case INT_DISPLACEMENT -> code.putInt(offset);
      default -> {}
    }
  }

  /** REX prefix for 64 bits, with a register in ModR/M's rm field, and the opcode. */
  private void rex(Register rm, int opcode) {
    code.put((byte) (0x48 | rm.high())).put((byte) opcode);
  }

  /** Three-byte VEX prefix of map 0F38, W0, 128 bits, and the opcode; registers are inverted. */
  private void vex(int index, int base, int second, int prefix, int opcode) {
    code.put((byte) 0xc4);
    code.put((byte) (0x80 | (index ^ 1) << 6 | (base ^ 1) << 5 | 2));
    code.put((byte) ((second ^ 15) << 3 | prefix)).put((byte) opcode);
  }

  private void modrm(int mod, int reg, int rm) {
    code.put((byte) (mod << 6 | reg << 3 | rm));
  }

  /** Distance of a label from the end of the instruction that ends with it. */
  private void distance(Label to) {
    labels.add(to);
    to.uses.add(code.position());
    code.putInt(to.position < 0 ? 0 : to.position - code.position() - Integer.BYTES);
  }
}
