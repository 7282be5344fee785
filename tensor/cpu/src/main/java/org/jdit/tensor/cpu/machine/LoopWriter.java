package org.jdit.tensor.cpu.machine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdit.tensor.cpu.machine.Assembler.Packed;
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

    /** What the instruction calls it. */
    int predicate() {
      return predicate;
    }
  }

  /** How the 16 numbers of a vector lie in memory. */
  public enum Format {
    /** As floats. */
    FLOAT(64),
    /** As half-precision numbers; what is stored is rounded to the nearest one, ties to even. */
    HALF(32),
    /** As the lower two bytes of their bits, of which the upper two are zero or lost. */
    SHORT(32);

    private final int bytes;

    Format(int bytes) {
      this.bytes = bytes;
    }

    /** Bytes of 16 numbers. */
    int bytes() {
      return bytes;
    }
  }

  /**
   * Where a vector is.
   *
   * @param entry which of the loop's addresses it is counted from, or {@link #ARRAY}
   * @param offset how many vectors of its format behind that it is at the first step
   * @param step how many times 64 bytes it moves on by with each step, 1 or 2; of no account for
   *     what does not change, and where the entry is {@link #strided}
   */
  public record Place(int entry, int offset, int step) {}

  /** A vector that goes to memory at each step. */
  record Result(int value, Format as, Place to) {}

  /** What a sum becomes at each step, and where it goes after the last one. */
  record Collected(int value, Place to) {}

  /** Stands for the array that a loop is given, instead of one of its addresses. */
  public static final int ARRAY = -1;

  private final List<LoopValue> values = new ArrayList<>();
  private final Map<LoopValue, Integer> numbers = new HashMap<>();
  private final List<Result> results = new ArrayList<>();

  private final Map<Integer, Collected> sums = new LinkedHashMap<>();

  /** Strided entries, and whether they are counted from the array. */
  private final Map<Integer, Boolean> strided = new LinkedHashMap<>();

  private int add(LoopValue value) {
    // What is computed of the same values is the same, but sums go on from what they are.
    Integer known =
        value instanceof LoopValue.Sum ? null : numbers.putIfAbsent(value, values.size());
    if (known != null) {
      return known;
    }
    values.add(value);
    return values.size() - 1;
  }

  /**
   * Says that an address moves on with each step by as many bytes as the entry behind it says. What
   * it refers to are floats.
   *
   * @param inArray whether it is no address, but the bytes that lie before it in the array
   * @return the entry
   * @throws IllegalArgumentException if there are two such entries already
   */
  public int strided(int entry, boolean inArray) {
    if (strided.size() == LoopEmission.POINTERS.size()) {
      throw new IllegalArgumentException("no register for another stride");
    }
    strided.put(entry, inArray);
    return entry;
  }

  /** The vector at a place. */
  public int vector(Place at) {
    return vector(Format.FLOAT, at);
  }

  /** The vector at a place, of numbers of some format. */
  public int vector(Format as, Place at) {
    return add(new LoopValue.Vector(as, at));
  }

  /** The vector that is at a place before the first step. */
  public int fixed(Place at) {
    return add(new LoopValue.Fixed(at));
  }

  /**
   * The float that is in memory before the first step, in all lanes.
   *
   * @param entry which of the loop's addresses it is counted from, or {@link #ARRAY}
   * @param index how many floats behind that it is
   */
  public int constant(int entry, int index) {
    return add(new LoopValue.Constant(entry, index));
  }

  /** A number. */
  public int literal(float x) {
    return bits(Float.floatToRawIntBits(x));
  }

  /** A number's bits. */
  public int bits(int x) {
    return add(new LoopValue.Literal(x));
  }

  /** {@code a + b}. */
  public int add(int a, int b) {
    return add(new LoopValue.Binary(Packed.VADDPS, a, b));
  }

  /** {@code a - b}. */
  public int sub(int a, int b) {
    return add(new LoopValue.Binary(Packed.VSUBPS, a, b));
  }

  /** {@code a · b}. */
  public int mul(int a, int b) {
    return add(new LoopValue.Binary(Packed.VMULPS, a, b));
  }

  /** {@code a / b}. */
  public int div(int a, int b) {
    return add(new LoopValue.Binary(Packed.VDIVPS, a, b));
  }

  /** {@code a} with the bits that {@code b} has too. */
  public int and(int a, int b) {
    return add(new LoopValue.Binary(Packed.VPANDD, a, b));
  }

  /** {@code a} and the bits that {@code b} has. */
  public int or(int a, int b) {
    return add(new LoopValue.Binary(Packed.VPORD, a, b));
  }

  /** The sum of the integers whose bits {@code a} and {@code b} are. */
  public int addInts(int a, int b) {
    return add(new LoopValue.Binary(Packed.VPADDD, a, b));
  }

  /** {@code a << bits}, of bits. */
  public int shiftLeft(int a, int bits) {
    return add(new LoopValue.Shift(true, a, bits));
  }

  /** {@code a >>> bits}, of bits. */
  public int shiftRight(int a, int bits) {
    return add(new LoopValue.Shift(false, a, bits));
  }

  /** {@code a} with the bits of {@code b} turned over. */
  public int xor(int a, int b) {
    return add(new LoopValue.Binary(Packed.VPXORD, a, b));
  }

  /** {@code a · 2^b} for a whole number b, rounded once. */
  public int scale(int a, int b) {
    return add(new LoopValue.Binary(Packed.VSCALEFPS, a, b));
  }

  /** {@code x}, but at least {@code least}; NaN stays NaN. */
  public int atLeast(int least, int x) {
    return add(new LoopValue.Binary(Packed.VMAXPS, least, x));
  }

  /** {@code x}, but at most {@code most}; NaN stays NaN. */
  public int atMost(int most, int x) {
    return add(new LoopValue.Binary(Packed.VMINPS, most, x));
  }

  /** {@code a · b + c}, rounded once. */
  public int fma(int a, int b, int c) {
    return add(new LoopValue.Fma(a, b, c));
  }

  /** The square root. */
  public int sqrt(int a) {
    return add(new LoopValue.Single(Unary.VSQRTPS, a));
  }

  /** Of a positive number, the whole number e with {@code 2^e <= a < 2^(e + 1)}. */
  public int exponent(int a) {
    return add(new LoopValue.Single(Unary.VGETEXPPS, a));
  }

  /** {@code a / 2^e} of a positive number, with its {@link #exponent}. */
  public int mantissa(int a) {
    return add(new LoopValue.Mantissa(a));
  }

  /** {@link Math#max(float, float)}. */
  public int max(int a, int b) {
    return orNaN(a, b, add(new LoopValue.Range(true, a, b)));
  }

  /** {@link Math#min(float, float)}. */
  public int min(int a, int b) {
    return orNaN(a, b, add(new LoopValue.Range(false, a, b)));
  }

  private int orNaN(int a, int b, int otherwise) {
    return select(Comparison.UNORDERED, a, b, add(a, b), otherwise);
  }

  /** {@code yes} where {@code a} compares with {@code b} so, else {@code no}. */
  public int select(Comparison is, int a, int b, int yes, int no) {
    return add(new LoopValue.Select(is, a, b, yes, no));
  }

  /** A sum, or what else is collected over the steps, which begins with a number in all lanes. */
  public int sum(float start) {
    return add(new LoopValue.Sum(start));
  }

  /**
   * Says what a sum becomes with each step, and where its lanes go after the last one, counted from
   * where the entry began.
   *
   * @throws IllegalArgumentException if it is said twice, or the value is a sum itself
   */
  public void collect(int sum, int value, Place to) {
    if (values.get(value) instanceof LoopValue.Sum || sums.containsKey(sum)) {
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
    store(value, Format.FLOAT, to);
  }

  /** As above, as numbers of some format. */
  public void store(int value, Format as, Place to) {
    if (values.get(value) instanceof LoopValue.Sum) {
      throw new IllegalArgumentException("a sum is collected, not stored");
    }
    results.add(new Result(value, as, to));
  }

  /**
   * The loop as code: {@code (rdi: addresses, rsi: bytes of a vector for each step, rcx: array)};
   * empty if it needs more registers than there are.
   */
  Optional<byte[]> code() {
    return new LoopEmission(values, results, sums, strided).code();
  }
}
