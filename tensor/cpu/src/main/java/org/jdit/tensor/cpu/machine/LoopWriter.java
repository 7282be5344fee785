package org.jdit.tensor.cpu.machine;

import static org.jdit.tensor.cpu.machine.Assembler.Register.R9;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RAX;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RCX;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RDI;
import static org.jdit.tensor.cpu.machine.Assembler.Register.RSI;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdit.tensor.cpu.machine.Assembler.Label;
import org.jdit.tensor.cpu.machine.Assembler.Packed;
import org.jdit.tensor.cpu.machine.Assembler.Register;
import org.jdit.tensor.cpu.machine.Assembler.Unary;

/**
 * Writes a {@link VectorLoop}: what is computed of each vector of 16 floats, value by value, in
 * AVX-512 instructions. Values are known by the numbers that the methods return; each is computed
 * once a step and stays in a register until its last use.
 */
public final class LoopWriter {
  /** How two numbers compare; all but {@link #UNORDERED} are false of a NaN. */
  public enum Comparison {
    EQUAL(0),
    LESS(0x11),
    LESS_OR_EQUAL(0x12),
    UNORDERED(3);

    private final int predicate;

    Comparison(int predicate) {
      this.predicate = predicate;
    }
  }

  /**
   * Where a vector is.
   *
   * @param entry which of the loop's addresses it is counted from, or {@link #ARRAY}
   * @param offset how many vectors behind that it is at the first step
   * @param step how many vectors it moves on by with each step, 1 or 2; of no account for what does
   *     not change
   */
  public record Place(int entry, int offset, int step) {}

  private sealed interface Value {
    record Vector(Place at) implements Value {}

    /** A vector that does not change while the loop runs. */
    record Fixed(Place at) implements Value {}

    /** A float of memory, in all lanes. */
    record Constant(int entry, int index) implements Value {}

    /** A float known now, in all lanes. */
    record Literal(int bits) implements Value {}

    record Binary(Packed instruction, int a, int b) implements Value {}

    record Fma(int a, int b, int c) implements Value {}

    record Single(Unary instruction, int a) implements Value {}

    /** A number divided by 2 to the power of its exponent. */
    record Mantissa(int a) implements Value {}

    /** The larger or the smaller of two numbers, neither of them NaN. */
    record Range(boolean larger, int a, int b) implements Value {}

    /** One of two values, by how two others compare. */
    record Select(Comparison is, int a, int b, int yes, int no) implements Value {}

    /** What a register holds from vector to vector. */
    record Sum(float start) implements Value {}
  }

  /** A vector that goes to memory at each step. */
  private record Result(int value, Place to) {}

  /** What a sum becomes at each step, and where it goes after the last one. */
  private record Collected(int value, Place to) {}

  /** Stands for the array that a loop is given, instead of one of its addresses. */
  public static final int ARRAY = -1;

  private static final int REGISTERS = 32;
  private static final int VECTOR = 64;
  private static final int SMALLER = 4;
  private static final int LARGER = 5;

  private final List<Value> values = new ArrayList<>();
  private final List<Result> results = new ArrayList<>();

  private final Map<Integer, Collected> sums = new LinkedHashMap<>();

  private int add(Value value) {
    // What is computed of the same values is the same, but sums go on from what they are.
    int known = value instanceof Value.Sum ? -1 : values.indexOf(value);
    if (known >= 0) {
      return known;
    }
    values.add(value);
    return values.size() - 1;
  }

  /** The vector at a place. */
  public int vector(Place at) {
    return add(new Value.Vector(at));
  }

  /** The vector that is at a place before the first step. */
  public int fixed(Place at) {
    return add(new Value.Fixed(at));
  }

  /**
   * The float that is in memory before the first step, in all lanes.
   *
   * @param entry which of the loop's addresses it is counted from, or {@link #ARRAY}
   * @param index how many floats behind that it is
   */
  public int constant(int entry, int index) {
    return add(new Value.Constant(entry, index));
  }

  /** A number. */
  public int literal(float x) {
    return bits(Float.floatToRawIntBits(x));
  }

  /** A number's bits. */
  public int bits(int x) {
    return add(new Value.Literal(x));
  }

  /** {@code a + b}. */
  public int add(int a, int b) {
    return add(new Value.Binary(Packed.VADDPS, a, b));
  }

  /** {@code a - b}. */
  public int sub(int a, int b) {
    return add(new Value.Binary(Packed.VSUBPS, a, b));
  }

  /** {@code a · b}. */
  public int mul(int a, int b) {
    return add(new Value.Binary(Packed.VMULPS, a, b));
  }

  /** {@code a / b}. */
  public int div(int a, int b) {
    return add(new Value.Binary(Packed.VDIVPS, a, b));
  }

  /** {@code a} with the bits that {@code b} has too. */
  public int and(int a, int b) {
    return add(new Value.Binary(Packed.VPANDD, a, b));
  }

  /** {@code a} with the bits of {@code b} turned over. */
  public int xor(int a, int b) {
    return add(new Value.Binary(Packed.VPXORD, a, b));
  }

  /** {@code a · 2^b} for a whole number b, rounded once. */
  public int scale(int a, int b) {
    return add(new Value.Binary(Packed.VSCALEFPS, a, b));
  }

  /** {@code x}, but at least {@code least}; NaN stays NaN. */
  public int atLeast(int least, int x) {
    return add(new Value.Binary(Packed.VMAXPS, least, x));
  }

  /** {@code x}, but at most {@code most}; NaN stays NaN. */
  public int atMost(int most, int x) {
    return add(new Value.Binary(Packed.VMINPS, most, x));
  }

  /** {@code a · b + c}, rounded once. */
  public int fma(int a, int b, int c) {
    return add(new Value.Fma(a, b, c));
  }

  /** The square root. */
  public int sqrt(int a) {
    return add(new Value.Single(Unary.VSQRTPS, a));
  }

  /** Of a positive number, the whole number e with {@code 2^e <= a < 2^(e + 1)}. */
  public int exponent(int a) {
    return add(new Value.Single(Unary.VGETEXPPS, a));
  }

  /** {@code a / 2^e} of a positive number, with its {@link #exponent}. */
  public int mantissa(int a) {
    return add(new Value.Mantissa(a));
  }

  /** {@link Math#max(float, float)}. */
  public int max(int a, int b) {
    return orNaN(a, b, add(new Value.Range(true, a, b)));
  }

  /** {@link Math#min(float, float)}. */
  public int min(int a, int b) {
    return orNaN(a, b, add(new Value.Range(false, a, b)));
  }

  private int orNaN(int a, int b, int otherwise) {
    return select(Comparison.UNORDERED, a, b, add(a, b), otherwise);
  }

  /** {@code yes} where {@code a} compares with {@code b} so, else {@code no}. */
  public int select(Comparison is, int a, int b, int yes, int no) {
    return add(new Value.Select(is, a, b, yes, no));
  }

  /** A sum, or what else is collected over the steps, which begins with a number in all lanes. */
  public int sum(float start) {
    return add(new Value.Sum(start));
  }

  /**
   * Says what a sum becomes with each step, and where its lanes go after the last one.
   *
   * @throws IllegalArgumentException if it is said twice, or the value is a sum itself
   */
  public void collect(int sum, int value, Place to) {
    if (values.get(value) instanceof Value.Sum || sums.containsKey(sum)) {
      throw new IllegalArgumentException("a sum becomes one value, and that no sum");
    }
    sums.put(sum, new Collected(value, to));
  }

  /**
   * Stores a vector; all loads of a step come before.
   *
   * @throws IllegalArgumentException if it is a sum
   */
  public void store(int value, Place to) {
    if (values.get(value) instanceof Value.Sum) {
      throw new IllegalArgumentException("a sum is collected, not stored");
    }
    results.add(new Result(value, to));
  }

  /**
   * The loop as code: {@code (rdi: addresses, rsi: bytes of a vector for each step, rcx: array)};
   * empty if it needs more registers than there are.
   */
  Optional<byte[]> code() {
    return new Emission().code();
  }

  private static List<Integer> operands(Value value) {
    return switch (value) {
      case Value.Vector _, Value.Fixed _ -> List.of();
      case Value.Constant _, Value.Literal _, Value.Sum _ -> List.of();
      case Value.Binary(_, int a, int b) -> List.of(a, b);
      case Value.Fma(int a, int b, int c) -> List.of(a, b, c);
      case Value.Single(_, int a) -> List.of(a);
      case Value.Mantissa(int a) -> List.of(a);
      case Value.Range(_, int a, int b) -> List.of(a, b);
      case Value.Select(_, int a, int b, int yes, int no) -> List.of(a, b, yes, no);
    };
  }

  /** Registers and instructions of a finished list of values. */
  private final class Emission {
    private final Assembler asm = new Assembler();
    private final int[] register = new int[values.size()];
    private final int[] lastUse = new int[values.size()];
    private final Deque<Integer> free = new ArrayDeque<>();
    private final Map<Integer, Label> literals = new LinkedHashMap<>();

    Optional<byte[]> code() {
      for (int r = 0; r < REGISTERS; r++) {
        free.add(r);
      }
      Arrays.fill(register, -1);
      Arrays.fill(lastUse, -1);
      for (int i = 0; i < values.size(); i++) {
        for (int operand : operands(values.get(i))) {
          lastUse[operand] = i;
        }
      }
      results.forEach(r -> lastUse[r.value] = values.size());
      sums.values().forEach(sum -> lastUse[sum.value] = values.size());
      Label loop = new Label();
      Label end = new Label();
      if (!before()) {
        return Optional.empty();
      }
      asm.test(RSI);
      asm.jz(end);
      asm.mov(RAX, 0);
      asm.place(loop);
      if (!vector()) {
        return Optional.empty();
      }
      asm.add(RAX, VECTOR);
      asm.cmp(RAX, RSI);
      asm.jb(loop);
      asm.place(end);
      sums.forEach(
          (sum, collected) ->
              asm.vmovups(base(collected.to.entry), collected.to.offset * VECTOR, register[sum]));
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
      asm.mov(R9, RDI, entry * Long.BYTES);
      return R9;
    }

    /** What is the same for all vectors stays in registers of its own. */
    private boolean before() {
      for (int i = 0; i < values.size(); i++) {
        switch (values.get(i)) {
          case Value.Fixed(Place at) -> {
            if (!take(i)) {
              return false;
            }
            asm.vmovups(register[i], base(at.entry), at.offset * VECTOR);
          }
          case Value.Constant(int entry, int index) -> {
            if (!take(i)) {
              return false;
            }
            asm.vbroadcastss(register[i], base(entry), index * Float.BYTES);
          }
          case Value.Literal(int bits) -> {
            if (!take(i)) {
              return false;
            }
            broadcast(register[i], bits);
          }
          case Value.Sum(float start) -> {
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
        Value value = values.get(i);
        if (register[i] < 0 && !compute(i, value)) {
          return false;
        }
      }
      sums.forEach((sum, next) -> asm.vmovaps(register[sum], register[next.value]));
      for (Result r : results) {
        asm.vmovups(base(r.to.entry), RAX, r.to.step, r.to.offset * VECTOR, register[r.value]);
      }
      return true;
    }

    private boolean compute(int i, Value value) {
      int reused = value instanceof Value.Fma fma ? fusedInPlace(i, fma) : -1;
      List<Integer> ended =
          operands(value).stream().distinct().filter(o -> o != reused && ends(o, i)).toList();
      // A sum that is copied to its place is there before the factors are read.
      if (!(value instanceof Value.Fma)) {
        release(ended);
      }
      if (reused >= 0) {
        register[i] = register[reused];
      } else if (!take(i)) {
        return false;
      }
      int to = register[i];
      switch (value) {
        case Value.Vector(Place at) ->
            asm.vmovups(to, base(at.entry), RAX, at.step, at.offset * VECTOR);
        case Value.Binary(Packed instruction, int a, int b) ->
            asm.packed(instruction, to, register[a], register[b]);
        case Value.Fma(int a, int b, int c) -> {
          if (reused < 0) {
            asm.vmovaps(to, register[c]);
            asm.packed(Packed.VFMADD231PS, to, register[a], register[b]);
          }
        }
        case Value.Single(Unary instruction, int a) -> asm.packed(instruction, to, register[a]);
        case Value.Mantissa(int a) -> asm.vgetmantps(to, register[a]);
        case Value.Range(boolean larger, int a, int b) ->
            asm.vrangeps(to, register[a], register[b], larger ? LARGER : SMALLER);
        case Value.Select(Comparison is, int a, int b, int yes, int no) -> {
          asm.vcmpps(register[a], register[b], is.predicate);
          asm.vblendmps(to, register[no], register[yes]);
        }
        case Value.Fixed _, Value.Constant _, Value.Literal _, Value.Sum _ ->
            throw new IllegalStateException("computed before the loop");
      }
      if (value instanceof Value.Fma) {
        release(ended);
      }
      return true;
    }

    private void release(List<Integer> ended) {
      ended.forEach(value -> free.addFirst(register[value]));
    }

    /** Computes {@code a · b + c} in the register of one that is not used again; -1 if all are. */
    private int fusedInPlace(int i, Value.Fma x) {
      if (ends(x.c, i)) {
        asm.packed(Packed.VFMADD231PS, register[x.c], register[x.a], register[x.b]);
        return x.c;
      }
      if (ends(x.a, i)) {
        asm.packed(Packed.VFMADD213PS, register[x.a], register[x.b], register[x.c]);
        return x.a;
      }
      if (ends(x.b, i)) {
        asm.packed(Packed.VFMADD213PS, register[x.b], register[x.a], register[x.c]);
        return x.b;
      }
      return -1;
    }

    /** Whether a value is used for the last time by value {@code i}. */
    private boolean ends(int value, int i) {
      return switch (values.get(value)) {
        case Value.Fixed _, Value.Constant _, Value.Literal _, Value.Sum _ -> false;
        default -> lastUse[value] == i;
      };
    }
  }
}
