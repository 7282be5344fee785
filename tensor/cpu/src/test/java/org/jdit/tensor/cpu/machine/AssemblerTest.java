package org.jdit.tensor.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import java.util.function.Consumer;
import org.jdit.tensor.cpu.machine.Assembler.Label;
import org.jdit.tensor.cpu.machine.Assembler.Packed;
import org.jdit.tensor.cpu.machine.Assembler.Register;
import org.jdit.tensor.cpu.machine.Assembler.Tile;
import org.jdit.tensor.cpu.machine.Assembler.Unary;
import org.junit.jupiter.api.Test;

/** Every form of every instruction has the bytes that GNU as 2.40 gives it. */
class AssemblerTest {
  private static String hex(Consumer<Assembler> code) {
    Assembler asm = new Assembler();
    code.accept(asm);
    return HexFormat.ofDelimiter(" ").formatHex(asm.bytes());
  }

  @Test
  void numbersGoToLowAndHighRegisters() {
    assertThat(hex(asm -> asm.mov(Register.R9, 64))).isEqualTo("49 c7 c1 40 00 00 00");
    assertThat(hex(asm -> asm.mov(Register.RAX, -1))).isEqualTo("48 c7 c0 ff ff ff ff");
    assertThat(hex(asm -> asm.mov(Register.R12, 0x7fffffff))).isEqualTo("49 c7 c4 ff ff ff 7f");
  }

  @Test
  void aNumberThatFitsAByteIsAddedAsOne() {
    assertThat(hex(asm -> asm.add(Register.RSI, 8))).isEqualTo("48 83 c6 08");
    assertThat(hex(asm -> asm.add(Register.R8, 2048))).isEqualTo("49 81 c0 00 08 00 00");
    assertThat(hex(asm -> asm.add(Register.R15, -128))).isEqualTo("49 83 c7 80");
    assertThat(hex(asm -> asm.add(Register.RBX, 127))).isEqualTo("48 83 c3 7f");
    assertThat(hex(asm -> asm.add(Register.RBX, 128))).isEqualTo("48 81 c3 80 00 00 00");
  }

  @Test
  void registersCountDownAndAreTested() {
    assertThat(hex(asm -> asm.dec(Register.RCX))).isEqualTo("48 ff c9");
    assertThat(hex(asm -> asm.dec(Register.R13))).isEqualTo("49 ff cd");
    assertThat(hex(asm -> asm.test(Register.RCX))).isEqualTo("48 85 c9");
    assertThat(hex(asm -> asm.test(Register.R8))).isEqualTo("4d 85 c0");
  }

  @Test
  void jumpsAndConfigurationsAreRelativeToTheNextInstruction() {
    Assembler asm = new Assembler();
    Label back = new Label();
    Label middle = new Label();
    Label end = new Label();
    asm.place(back);
    asm.ret();
    asm.jnz(back);
    asm.jz(middle);
    asm.jmp(back);
    asm.jmp(middle);
    asm.tilerelease();
    asm.place(middle);
    asm.ldtilecfg(back);
    asm.ldtilecfg(end);
    asm.place(end);
    assertThat(HexFormat.ofDelimiter(" ").formatHex(asm.bytes()))
        .isEqualTo(
            "c3 0f 85 f9 ff ff ff 0f 84 0f 00 00 00 e9 ee ff ff ff e9 05 00 00 00 c4 e2 78 49 c0"
                + " c4 e2 78 49 05 db ff ff ff c4 e2 78 49 05 00 00 00 00");
  }

  @Test
  void tilesAreClearedAndMultiplied() {
    assertThat(hex(asm -> asm.tilezero(Tile.TMM0))).isEqualTo("c4 e2 7b 49 c0");
    assertThat(hex(asm -> asm.tilezero(Tile.TMM7))).isEqualTo("c4 e2 7b 49 f8");
    assertThat(hex(asm -> asm.tdpbf16ps(Tile.TMM0, Tile.TMM4, Tile.TMM6)))
        .isEqualTo("c4 e2 4a 5c c4");
    assertThat(hex(asm -> asm.tdpbf16ps(Tile.TMM7, Tile.TMM5, Tile.TMM3)))
        .isEqualTo("c4 e2 62 5c fd");
    assertThat(hex(asm -> asm.tdpbf16ps(Tile.TMM1, Tile.TMM2, Tile.TMM7)))
        .isEqualTo("c4 e2 42 5c ca");
  }

  /** Among them the base registers whose numbers mean something else: rsp, rbp, r12 and r13. */
  @Test
  void tilesAreLoadedAndStoredWithEveryKindOfBaseAndOffset() {
    assertThat(load(Tile.TMM0, Register.RDX, Register.R10, 0)).isEqualTo("c4 a2 7b 4b 04 12");
    assertThat(load(Tile.TMM1, Register.RDX, Register.R10, 64)).isEqualTo("c4 a2 7b 4b 4c 12 40");
    assertThat(load(Tile.TMM6, Register.RSP, Register.RAX, 0)).isEqualTo("c4 e2 7b 4b 34 04");
    assertThat(load(Tile.TMM7, Register.R12, Register.R15, 0)).isEqualTo("c4 82 7b 4b 3c 3c");
    assertThat(load(Tile.TMM2, Register.RBP, Register.RCX, 0)).isEqualTo("c4 e2 7b 4b 54 0d 00");
    assertThat(load(Tile.TMM3, Register.R13, Register.RCX, 0)).isEqualTo("c4 c2 7b 4b 5c 0d 00");
    assertThat(load(Tile.TMM3, Register.R13, Register.RCX, 1024))
        .isEqualTo("c4 c2 7b 4b 9c 0d 00 04 00 00");
    assertThat(load(Tile.TMM5, Register.RDI, Register.R9, -128)).isEqualTo("c4 a2 7b 4b 6c 0f 80");
    assertThat(load(Tile.TMM5, Register.RDI, Register.R9, -129))
        .isEqualTo("c4 a2 7b 4b ac 0f 7f ff ff ff");
    assertThat(hex(asm -> asm.tilestored(Register.RDX, Register.R10, 2048, Tile.TMM2)))
        .isEqualTo("c4 a2 7a 4b 94 12 00 08 00 00");
    assertThat(hex(asm -> asm.tilestored(Register.R9, Register.R11, 0, Tile.TMM7)))
        .isEqualTo("c4 82 7a 4b 3c 19");
  }

  private static String load(Tile to, Register base, Register stride, int offset) {
    return hex(asm -> asm.tileloadd(to, base, stride, offset));
  }

  @Test
  void whatHasNoEncodingIsRefused() {
    assertThatThrownBy(() -> load(Tile.TMM0, Register.RAX, Register.RSP, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("rsp");
    assertThatThrownBy(() -> load(0, Register.RSP, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> load(0, Register.R12, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> hex(asm -> asm.prefetcht0(Register.R8, 0)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void vectorsAreClearedAndMultipliedInAllRegisters() {
    assertThat(hex(asm -> asm.clear(0))).isEqualTo("62 f1 7d 48 ef c0");
    assertThat(hex(asm -> asm.clear(13))).isEqualTo("62 51 15 48 ef ed");
    assertThat(hex(asm -> asm.clear(23))).isEqualTo("62 a1 45 40 ef ff");
    assertThat(hex(asm -> asm.clear(31))).isEqualTo("62 01 05 40 ef ff");
    assertThat(hex(asm -> asm.vfmadd231ps(0, 26, 24))).isEqualTo("62 92 2d 40 b8 c0");
    assertThat(hex(asm -> asm.vfmadd231ps(23, 31, 25))).isEqualTo("62 82 05 40 b8 f9");
    assertThat(hex(asm -> asm.vfmadd231ps(11, 14, 12))).isEqualTo("62 52 0d 48 b8 dc");
    assertThat(hex(asm -> asm.vfmadd231ps(16, 15, 3))).isEqualTo("62 e2 05 48 b8 c3");
    assertThat(hex(asm -> asm.vdpbf16ps(0, 26, 24))).isEqualTo("62 92 2e 40 52 c0");
    assertThat(hex(asm -> asm.vdpbf16ps(23, 31, 25))).isEqualTo("62 82 06 40 52 f9");
    assertThat(hex(asm -> asm.vdpbf16ps(11, 14, 12))).isEqualTo("62 52 0e 48 52 dc");
    assertThat(hex(asm -> asm.vdpbf16ps(16, 15, 3))).isEqualTo("62 e2 06 48 52 c3");
    assertThat(hex(Assembler::vzeroupper)).isEqualTo("c5 f8 77");
  }

  /** Displacements of one byte count whole vectors, or floats. */
  @Test
  void vectorsAreLoadedStoredAndBroadcast() {
    assertThat(load(24, Register.RDX, 0)).isEqualTo("62 61 7c 48 10 02");
    assertThat(load(25, Register.RDX, 64)).isEqualTo("62 61 7c 48 10 4a 01");
    assertThat(load(7, Register.R9, -8192)).isEqualTo("62 d1 7c 48 10 79 80");
    assertThat(load(8, Register.R11, 8192)).isEqualTo("62 51 7c 48 10 83 00 20 00 00");
    assertThat(load(17, Register.RSI, 100)).isEqualTo("62 e1 7c 48 10 8e 64 00 00 00");
    assertThat(load(1, Register.RBP, 0)).isEqualTo("62 f1 7c 48 10 4d 00");
    assertThat(load(1, Register.R13, 0)).isEqualTo("62 d1 7c 48 10 4d 00");
    assertThat(hex(asm -> asm.vmovups(Register.RCX, 0, 0))).isEqualTo("62 f1 7c 48 11 01");
    assertThat(hex(asm -> asm.vmovups(Register.RCX, 1472, 23))).isEqualTo("62 e1 7c 48 11 79 17");
    assertThat(hex(asm -> asm.vmovups(Register.R15, 64, 31))).isEqualTo("62 41 7c 48 11 7f 01");
    assertThat(broadcast(26, Register.RDI, 0)).isEqualTo("62 62 7d 48 18 17");
    assertThat(broadcast(27, Register.RDI, 4)).isEqualTo("62 62 7d 48 18 5f 01");
    assertThat(broadcast(31, Register.RDI, 508)).isEqualTo("62 62 7d 48 18 7f 7f");
    assertThat(broadcast(9, Register.R8, 512)).isEqualTo("62 52 7d 48 18 88 00 02 00 00");
    assertThat(broadcast(2, Register.RDI, 6)).isEqualTo("62 f2 7d 48 18 97 06 00 00 00");
  }

  private static String load(int to, Register base, int offset) {
    return hex(asm -> asm.vmovups(to, base, offset));
  }

  private static String broadcast(int to, Register base, int offset) {
    return hex(asm -> asm.vbroadcastss(to, base, offset));
  }

  @Test
  void cachesAreFilledAheadAndRegistersAddedAndCopied() {
    assertThat(hex(asm -> asm.prefetcht0(Register.RDX, 0))).isEqualTo("0f 18 0a");
    assertThat(hex(asm -> asm.prefetcht0(Register.RDX, 64))).isEqualTo("0f 18 4a 40");
    assertThat(hex(asm -> asm.prefetcht0(Register.RDX, 1024))).isEqualTo("0f 18 8a 00 04 00 00");
    assertThat(hex(asm -> asm.add(Register.RDI, Register.RSI))).isEqualTo("48 01 f7");
    assertThat(hex(asm -> asm.add(Register.RAX, Register.R9))).isEqualTo("4c 01 c8");
    assertThat(hex(asm -> asm.add(Register.R12, Register.RCX))).isEqualTo("49 01 cc");
    assertThat(hex(asm -> asm.mov(Register.R9, Register.RDI))).isEqualTo("49 89 f9");
    assertThat(hex(asm -> asm.mov(Register.RSI, Register.R10))).isEqualTo("4c 89 d6");
    assertThat(hex(asm -> asm.mov(Register.RBX, Register.RAX))).isEqualTo("48 89 c3");
  }

  @Test
  void loopsLoadAddressesCompareAndJump() {
    assertThat(hex(asm -> asm.mov(Register.R9, Register.RDI, 0))).isEqualTo("4c 8b 0f");
    assertThat(hex(asm -> asm.mov(Register.R9, Register.RDI, 16))).isEqualTo("4c 8b 4f 10");
    assertThat(hex(asm -> asm.mov(Register.RAX, Register.R13, 0))).isEqualTo("49 8b 45 00");
    assertThat(hex(asm -> asm.mov(Register.RCX, Register.RBX, 1024)))
        .isEqualTo("48 8b 8b 00 04 00 00");
    assertThat(hex(asm -> asm.cmp(Register.RAX, Register.RSI))).isEqualTo("48 39 f0");
    assertThat(hex(asm -> asm.cmp(Register.R9, Register.R15))).isEqualTo("4d 39 f9");
    assertThat(hex(asm -> asm.jmp(Register.RDX))).isEqualTo("ff e2");
    assertThatThrownBy(() -> hex(asm -> asm.jmp(Register.R8)))
        .isInstanceOf(IllegalArgumentException.class);
    Assembler asm = new Assembler();
    Label back = new Label();
    Label end = new Label();
    asm.place(back);
    asm.jb(back);
    asm.vbroadcastss(3, back);
    asm.vbroadcastss(28, end);
    asm.place(end);
    assertThat(HexFormat.ofDelimiter(" ").formatHex(asm.bytes()))
        .isEqualTo("0f 82 fa ff ff ff 62 f2 7d 48 18 1d f0 ff ff ff 62 62 7d 48 18 25 00 00 00 00");
  }

  @Test
  void packedInstructionsTakeAllRegisters() {
    assertThat(packed(Packed.VADDPS, 0, 26, 24)).isEqualTo("62 91 2c 40 58 c0");
    assertThat(packed(Packed.VMULPS, 23, 31, 25)).isEqualTo("62 81 04 40 59 f9");
    assertThat(packed(Packed.VSUBPS, 11, 14, 12)).isEqualTo("62 51 0c 48 5c dc");
    assertThat(packed(Packed.VDIVPS, 16, 15, 3)).isEqualTo("62 e1 04 48 5e c3");
    assertThat(packed(Packed.VMINPS, 1, 2, 3)).isEqualTo("62 f1 6c 48 5d cb");
    assertThat(packed(Packed.VMAXPS, 17, 18, 19)).isEqualTo("62 a1 6c 40 5f cb");
    assertThat(packed(Packed.VPANDD, 9, 20, 30)).isEqualTo("62 11 5d 40 db ce");
    assertThat(packed(Packed.VPXORD, 9, 20, 30)).isEqualTo("62 11 5d 40 ef ce");
    assertThat(packed(Packed.VSCALEFPS, 5, 6, 27)).isEqualTo("62 92 4d 48 2c eb");
    assertThat(packed(Packed.VFMADD231PS, 5, 6, 27)).isEqualTo("62 92 4d 48 b8 eb");
    assertThat(packed(Packed.VFMADD213PS, 29, 7, 8)).isEqualTo("62 42 45 48 a8 e8");
    assertThat(hex(asm -> asm.packed(Unary.VSQRTPS, 4, 28))).isEqualTo("62 91 7c 48 51 e4");
    assertThat(hex(asm -> asm.packed(Unary.VSQRTPS, 22, 13))).isEqualTo("62 c1 7c 48 51 f5");
    assertThat(hex(asm -> asm.packed(Unary.VGETEXPPS, 3, 25))).isEqualTo("62 92 7d 48 42 d9");
    assertThat(hex(asm -> asm.packed(Unary.VGETEXPPS, 30, 4))).isEqualTo("62 62 7d 48 42 f4");
    assertThat(hex(asm -> asm.vgetmantps(3, 25))).isEqualTo("62 93 7d 48 26 d9 00");
    assertThat(hex(asm -> asm.vgetmantps(31, 10))).isEqualTo("62 43 7d 48 26 fa 00");
    assertThat(hex(asm -> asm.vmovaps(10, 21))).isEqualTo("62 31 7c 48 28 d5");
    assertThat(hex(asm -> asm.vmovaps(30, 9))).isEqualTo("62 41 7c 48 28 f1");
    assertThat(hex(asm -> asm.vrangeps(3, 17, 25, 5))).isEqualTo("62 93 75 40 50 d9 05");
    assertThat(hex(asm -> asm.vrangeps(31, 9, 10, 4))).isEqualTo("62 43 35 48 50 fa 04");
    assertThat(hex(asm -> asm.vcmpps(3, 4, 0x11))).isEqualTo("62 f1 64 48 c2 cc 11");
    assertThat(hex(asm -> asm.vcmpps(30, 12, 3))).isEqualTo("62 d1 0c 40 c2 cc 03");
    assertThat(hex(asm -> asm.vcmpps(2, 29, 0))).isEqualTo("62 91 6c 48 c2 cd 00");
    assertThat(hex(asm -> asm.vblendmps(5, 6, 7))).isEqualTo("62 f2 4d 49 65 ef");
    assertThat(hex(asm -> asm.vblendmps(25, 14, 31))).isEqualTo("62 02 0d 49 65 cf");
  }

  @Test
  void lanesChangePlacesAndAreCut() {
    assertThat(packed(Packed.VUNPCKLPS, 3, 17, 25)).isEqualTo("62 91 74 40 14 d9");
    assertThat(packed(Packed.VUNPCKHPS, 31, 9, 10)).isEqualTo("62 41 34 48 15 fa");
    assertThat(hex(asm -> asm.vshufps(3, 17, 25, 0x44))).isEqualTo("62 91 74 40 c6 d9 44");
    assertThat(hex(asm -> asm.vshufps(31, 9, 10, 0xee))).isEqualTo("62 41 34 48 c6 fa ee");
    assertThat(hex(asm -> asm.vshuff32x4(3, 17, 25, 0x88))).isEqualTo("62 93 75 40 23 d9 88");
    assertThat(hex(asm -> asm.vshuff32x4(31, 9, 10, 0xdd))).isEqualTo("62 43 35 48 23 fa dd");
    assertThat(hex(Assembler::kmovw)).isEqualTo("c5 f8 92 c8");
    assertThat(hex(asm -> asm.vmovupsMasked(Register.RDX, 30))).isEqualTo("62 61 7c 49 11 32");
    assertThat(hex(asm -> asm.vmovupsMasked(Register.R9, 3))).isEqualTo("62 d1 7c 49 11 19");
  }

  private static String packed(Packed instruction, int to, int a, int b) {
    return hex(asm -> asm.packed(instruction, to, a, b));
  }

  @Test
  void integersAreAddedAndShifted() {
    assertThat(hex(asm -> asm.add(Register.R8, Register.RDI, 8))).isEqualTo("4c 03 47 08");
    assertThat(hex(asm -> asm.add(Register.R11, Register.RDI, 1024)))
        .isEqualTo("4c 03 9f 00 04 00 00");
    assertThat(hex(asm -> asm.add(Register.RDX, Register.R9, 0))).isEqualTo("49 03 11");
    assertThat(packed(Packed.VPORD, 1, 2, 3)).isEqualTo("62 f1 6d 48 eb cb");
    assertThat(packed(Packed.VPORD, 17, 31, 9)).isEqualTo("62 c1 05 40 eb c9");
    assertThat(packed(Packed.VPADDD, 1, 2, 3)).isEqualTo("62 f1 6d 48 fe cb");
    assertThat(packed(Packed.VPADDD, 30, 15, 16)).isEqualTo("62 21 05 48 fe f0");
    assertThat(hex(asm -> asm.vpslld(1, 2, 16))).isEqualTo("62 f1 75 48 72 f2 10");
    assertThat(hex(asm -> asm.vpslld(31, 17, 3))).isEqualTo("62 b1 05 40 72 f1 03");
    assertThat(hex(asm -> asm.vpsrld(9, 2, 16))).isEqualTo("62 f1 35 48 72 d2 10");
    assertThat(hex(asm -> asm.vpsrld(16, 31, 31))).isEqualTo("62 91 7d 40 72 d7 1f");
  }

  /** Displacements of one byte count half a vector. */
  @Test
  void twoBytesAreLoadedAndStored() {
    Register nine = Register.R9;
    Register c = Register.RCX;
    Register a = Register.RAX;
    assertThat(hex(asm -> asm.vcvtph2ps(1, nine, a, 1, 0))).isEqualTo("62 d2 7d 48 13 4c 01 00");
    assertThat(hex(asm -> asm.vcvtph2ps(31, c, a, 2, 32))).isEqualTo("62 62 7d 48 13 7c 41 01");
    assertThat(hex(asm -> asm.vcvtps2ph(nine, a, 1, 0, 1))).isEqualTo("62 d3 7d 48 1d 4c 01 00 00");
    assertThat(hex(asm -> asm.vcvtps2ph(c, a, 2, -64, 31))).isEqualTo("62 63 7d 48 1d 7c 41 fe 00");
    assertThat(hex(asm -> asm.vpmovzxwd(1, nine, a, 1, 0))).isEqualTo("62 d2 7d 48 33 4c 01 00");
    assertThat(hex(asm -> asm.vpmovzxwd(17, c, a, 2, 32))).isEqualTo("62 e2 7d 48 33 4c 41 01");
    assertThat(hex(asm -> asm.vpmovdw(nine, a, 1, 0, 1))).isEqualTo("62 d2 7e 48 33 4c 01 00");
    assertThat(hex(asm -> asm.vpmovdw(c, a, 2, 96, 25))).isEqualTo("62 62 7e 48 33 4c 41 03");
  }

  @Test
  void vectorsAreLoadedAndStoredByAnIndex() {
    assertThat(load(24, Register.R9, Register.RAX, 1, 0)).isEqualTo("62 41 7c 48 10 44 01 00");
    assertThat(load(7, Register.R9, Register.RAX, 2, 64)).isEqualTo("62 d1 7c 48 10 7c 41 01");
    assertThat(load(7, Register.RCX, Register.R10, 2, -128)).isEqualTo("62 b1 7c 48 10 7c 51 fe");
    assertThat(hex(asm -> asm.vmovups(Register.RCX, Register.RAX, 2, 64, 30)))
        .isEqualTo("62 61 7c 48 11 74 41 01");
    assertThat(hex(asm -> asm.vmovups(Register.R9, Register.RAX, 1, 0, 3)))
        .isEqualTo("62 d1 7c 48 11 5c 01 00");
    assertThatThrownBy(() -> load(1, Register.RCX, Register.RSP, 1, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> load(1, Register.RCX, Register.RAX, 1, 32))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> load(1, Register.RCX, Register.RAX, 1, 128 * 64))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static String load(int to, Register base, Register index, int scale, int offset) {
    return hex(asm -> asm.vmovups(to, base, index, scale, offset));
  }

  @Test
  void labelsArePlacedExactlyOnce() {
    Assembler asm = new Assembler();
    Label label = new Label();
    asm.jmp(label);
    assertThatThrownBy(asm::bytes)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("not placed");
    asm.place(label);
    assertThatThrownBy(() -> asm.place(label))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("twice");
  }
}
