package org.jdit.tensor.cpu.machine;

import static org.jdit.tensor.cpu.machine.Assembler.Register.R10;
import static org.jdit.tensor.cpu.machine.Assembler.Register.R8;
import static org.jdit.tensor.cpu.machine.Assembler.Register.R9;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RAX;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RCX;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RDI;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RSI;
import static org.jdit.tensor.cpu.machine.LoopWriter.ARRAY;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdit.tensor.cpu.machine.Assembler.Label;
import org.jdit.tensor.cpu.machine.Assembler.Packed;
import org.jdit.tensor.cpu.machine.Assembler.Register;
import org.jdit.tensor.cpu.machine.Assembler.Unary;
import org.jdit.tensor.cpu.machine.LoopWriter.Collected;
import org.jdit.tensor.cpu.machine.LoopWriter.Comparison;
import org.jdit.tensor.cpu.machine.LoopWriter.Format;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;
import org.jdit.tensor.cpu.machine.LoopWriter.Result;

/** Registers and instructions for a finished list of values. */
final class LoopEmission {
  /** What holds the addresses of strided entries. */
  static final List<Register> POINTERS = List.of(R8, R10);

  private static final int REGISTERS = 32;
  private static final int VECTOR = 64;
  private static final int SMALLER = 4;
  private static final int LARGER = 5;

  private final List<LoopValue> values;
  private final List<Result> results;
  private final Map<Integer, Collected> sums;
  private final Map<Integer, Boolean> strided;
  private final Assembler asm = new Assembler();
  private final int[] register;
  private final int[] lastUse;
  private final Deque<Integer> free = new ArrayDeque<>();
  private final Map<Integer, Label> literals = new LinkedHashMap<>();
  private final Map<Integer, Register> pointers = new HashMap<>();

  /**
   * For a loop.
   *
   * @param results what goes to memory at each step
   * @param sums what goes on from step to step
   * @param strided entries with a step of their own, and whether they are counted from the array
   */
  LoopEmission(
      List<LoopValue> values,
      List<Result> results,
      Map<Integer, Collected> sums,
      Map<Integer, Boolean> strided) {
    this.values = values;
    this.results = results;
    this.sums = sums;
    this.strided = strided;
    register = new int[values.size()];
    lastUse = new int[values.size()];
  }

  /** The code, as {@link LoopWriter#code} says. */
  Optional<byte[]> code() {
    for (int r = 0; r < REGISTERS; r++) {
      free.add(r);
    }
    Arrays.fill(register, -1);
    Arrays.fill(lastUse, -1);
    for (int i = 0; i < values.size(); i++) {
      for (int operand : values.get(i).operands()) {
        lastUse[operand] = i;
      }
    }
    results.forEach(r -> lastUse[r.value()] = values.size());
    sums.values().forEach(sum -> lastUse[sum.value()] = values.size());
    Label loop = new Label();
    Label end = new Label();
    if (!before()) {
      return Optional.empty();
    }
    asm.test(RSI);
    asm.jz(end);
    strided.keySet().forEach(entry -> point(entry, POINTERS.get(pointers.size())));
    asm.mov(RAX, 0);
    asm.place(loop);
    if (!vector()) {
      return Optional.empty();
    }
    asm.add(RAX, VECTOR);
    pointers.forEach((entry, pointer) -> asm.add(pointer, RDI, (entry + 1) * Long.BYTES));
    asm.cmp(RAX, RSI);
    asm.jb(loop);
    asm.place(end);
    sums.forEach(
        (sum, collected) ->
            asm.vmovups(
                base(collected.to().entry()), collected.to().offset() * VECTOR, register[sum]));
    asm.vzeroupper();
    asm.ret();
    literals.forEach(
        (bits, label) -> {
          asm.place(label);
          asm.data(
              ByteBuffer.allocate(Integer.BYTES)
                  .order(ByteOrder.LITTLE_ENDIAN)
                  .putInt(bits)
                  .array());
        });
    return Optional.of(asm.bytes());
  }

  /** A register that holds an address. */
  private Register base(int entry) {
    if (entry == ARRAY) {
      return RCX;
    }
    address(entry, R9);
    return R9;
  }

  private void address(int entry, Register to) {
    asm.mov(to, RDI, entry * Long.BYTES);
    if (strided.getOrDefault(entry, false)) {
      asm.add(to, RCX);
    }
  }

  private void point(int entry, Register pointer) {
    address(entry, pointer);
    pointers.put(entry, pointer);
  }

  private Register pointer(Format as, Place at) {
    if (as != Format.FLOAT) {
      throw new IllegalArgumentException("no numbers of format " + as + " at strided addresses");
    }
    return pointers.get(at.entry());
  }

  private void load(int to, Format as, Place at) {
    int offset = at.offset() * as.bytes();
    if (pointers.containsKey(at.entry())) {
      asm.vmovups(to, pointer(as, at), offset);
      return;
    }
    Register base = base(at.entry());
    switch (as) {
      case FLOAT -> asm.vmovups(to, base, RAX, at.step(), offset);
      case HALF -> asm.vcvtph2ps(to, base, RAX, at.step(), offset);
      case SHORT -> asm.vpmovzxwd(to, base, RAX, at.step(), offset);
    }
  }

  private void store(int from, Format as, Place to) {
    int offset = to.offset() * as.bytes();
    if (pointers.containsKey(to.entry())) {
      asm.vmovups(pointer(as, to), offset, from);
      return;
    }
    Register base = base(to.entry());
    switch (as) {
      case FLOAT -> asm.vmovups(base, RAX, to.step(), offset, from);
      case HALF -> asm.vcvtps2ph(base, RAX, to.step(), offset, from);
      case SHORT -> asm.vpmovdw(base, RAX, to.step(), offset, from);
    }
  }

  /** What is the same for all vectors stays in registers of its own. */
  private boolean before() {
    for (int i = 0; i < values.size(); i++) {
      switch (values.get(i)) {
        case LoopValue.Fixed(Place at) -> {
          if (!take(i)) {
            return false;
          }
          asm.vmovups(register[i], base(at.entry()), at.offset() * VECTOR);
        }
        case LoopValue.Constant(int entry, int index) -> {
          if (!take(i)) {
            return false;
          }
          asm.vbroadcastss(register[i], base(entry), index * Float.BYTES);
        }
        case LoopValue.Literal(int bits) -> {
          if (!take(i)) {
            return false;
          }
          broadcast(register[i], bits);
        }
        case LoopValue.Sum(float start) -> {
          if (!take(i)) {
            return false;
          }
          broadcast(register[i], Float.floatToRawIntBits(start));
        }
        default -> {}
      }
    }
    return true;
  }

  private void broadcast(int to, int bits) {
    asm.vbroadcastss(to, literals.computeIfAbsent(bits, _ -> new Label()));
  }

  private boolean take(int value) {
    Integer r = free.poll();
    if (r != null) {
      register[value] = r;
    }
    return r != null;
  }

  private boolean vector() {
    for (int i = 0; i < values.size(); i++) {
      LoopValue value = values.get(i);
      if (register[i] < 0 && !compute(i, value)) {
        return false;
      }
    }
    sums.forEach((sum, next) -> asm.vmovaps(register[sum], register[next.value()]));
    results.forEach(r -> store(register[r.value()], r.as(), r.to()));
    return true;
  }

  private boolean compute(int i, LoopValue value) {
    int reused = value instanceof LoopValue.Fma fma ? fusedInPlace(i, fma) : -1;
    List<Integer> ended =
        value.operands().stream().distinct().filter(o -> o != reused && ends(o, i)).toList();
    // A sum that is copied to its place is there before the factors are read.
    if (!(value instanceof LoopValue.Fma)) {
      release(ended);
    }
    if (reused >= 0) {
      register[i] = register[reused];
    } else if (!take(i)) {
      return false;
    }
    int to = register[i];
    switch (value) {
      case LoopValue.Vector(Format as, Place at) -> load(to, as, at);
      case LoopValue.Binary(Packed instruction, int a, int b) ->
          asm.packed(instruction, to, register[a], register[b]);
      case LoopValue.Fma(int a, int b, int c) -> {
        if (reused < 0) {
          asm.vmovaps(to, register[c]);
          asm.packed(Packed.VFMADD231PS, to, register[a], register[b]);
        }
      }
      case LoopValue.Single(Unary instruction, int a) -> asm.packed(instruction, to, register[a]);
      case LoopValue.Shift(boolean higher, int a, int bits) -> {
        if (higher) {
          asm.vpslld(to, register[a], bits);
        } else {
          asm.vpsrld(to, register[a], bits);
        }
      }
      case LoopValue.Mantissa(int a) -> asm.vgetmantps(to, register[a]);
      case LoopValue.Range(boolean larger, int a, int b) ->
          asm.vrangeps(to, register[a], register[b], larger ? LARGER : SMALLER);
      case LoopValue.Select(Comparison is, int a, int b, int yes, int no) -> {
        asm.vcmpps(register[a], register[b], is.predicate());
        asm.vblendmps(to, register[no], register[yes]);
      }
      case LoopValue.Fixed _, LoopValue.Constant _, LoopValue.Literal _, LoopValue.Sum _ ->
          throw new IllegalStateException("computed before the loop");
    }
    if (value instanceof LoopValue.Fma) {
      release(ended);
    }
    return true;
  }

  private void release(List<Integer> ended) {
    ended.forEach(value -> free.addFirst(register[value]));
  }

  /** Computes {@code a · b + c} in the register of one that is not used again; -1 if all are. */
  private int fusedInPlace(int i, LoopValue.Fma x) {
    if (ends(x.c(), i)) {
      asm.packed(Packed.VFMADD231PS, register[x.c()], register[x.a()], register[x.b()]);
      return x.c();
    }
    if (ends(x.a(), i)) {
      asm.packed(Packed.VFMADD213PS, register[x.a()], register[x.b()], register[x.c()]);
      return x.a();
    }
    if (ends(x.b(), i)) {
      asm.packed(Packed.VFMADD213PS, register[x.b()], register[x.a()], register[x.c()]);
      return x.b();
    }
    return -1;
  }

  /** Whether a value is used for the last time by value {@code i}. */
  private boolean ends(int value, int i) {
    return switch (values.get(value)) {
      case LoopValue.Fixed _, LoopValue.Constant _, LoopValue.Literal _, LoopValue.Sum _ -> false;
      default -> lastUse[value] == i;
    };
  }
}
