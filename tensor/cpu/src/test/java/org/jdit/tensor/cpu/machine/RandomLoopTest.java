package org.jdit.tensor.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.jdit.tensor.cpu.machine.LoopWriter.Comparison;
import org.jdit.tensor.cpu.machine.LoopWriter.Format;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;
import org.junit.jupiter.api.Test;

/**
 * The code of a {@link LoopWriter} leaves memory, to the bit, as plain Java does that takes one
 * number after the other: for random values of random values, which are used again soon, late or
 * not at all, and whose results go anywhere, over operands too.
 */
class RandomLoopTest {
  private static final int LOOPS = 1500;
  private static final int LANES = 16;
  private static final int ENTRIES = 3;
  private static final int ENTRY_FLOATS = 7 * LANES;

  // Further entries: strides over the last one's and over the array's floats, and what is only read
  // and only written, in other formats.
  private static final int STRIDED = ENTRIES;
  private static final int ARRAY_STRIDED = STRIDED + 2;
  private static final int READ = ARRAY_STRIDED + 2;
  private static final int WRITTEN = READ + 1;

  private static final List<Format> SHORTER = List.of(Format.HALF, Format.SHORT);
  private static final List<Comparison> COMPARISONS = List.of(Comparison.values());

  /** What a value is in a lane at a step, when those before it are known. */
  @FunctionalInterface
  private interface Plain {
    float at(int step, int lane);
  }

  @FunctionalInterface
  private interface Operation {
    float of(float a, float b);
  }

  private record Value(int id, Plain plain) {}

  private record Result(int id, Format as, Place to) {}

  /** A loop, and the memory that it runs on: the array, and behind that what has an address. */
  private static final class RandomLoop {
    private final Random random;
    private final boolean special;
    private final int reach;
    private final float[] memory = new float[(ENTRIES - LoopWriter.ARRAY + 2) * ENTRY_FLOATS];
    private final int stride;
    private final LoopWriter x = new LoopWriter();
    private final List<Value> values = new ArrayList<>();
    private final List<Result> stored = new ArrayList<>();
    private final List<Result> collected = new ArrayList<>();
    private final float[][] sums;
    private float[] known = {};

    RandomLoop(long seed) {
      random = new Random(seed);
      special = random.nextInt(3) == 0;
      reach = random.nextInt(3) == 0 ? 1000 : 5;
      for (int i = 0; i < memory.length; i++) {
        memory[i] = number();
      }
      stride = random.nextInt(1, 2 * LANES + 1);
      x.strided(STRIDED, false);
      x.strided(ARRAY_STRIDED, true);
      sums = new float[random.nextInt(4)][LANES];
      for (float[] sum : sums) {
        Arrays.fill(sum, number());
        value(x.sum(sum[0]), (_, lane) -> sum[lane]);
      }
      for (int i = random.nextInt(6); i >= 0; i--) {
        leaf();
      }
      for (int i = random.nextInt(40); i >= 0; i--) {
        operation(any(0));
      }
      for (int i = random.nextInt(3); i >= 0; i--) {
        Result result = new Result(any(sums.length), Format.FLOAT, place());
        x.store(result.id, result.to);
        stored.add(result);
      }
      if (random.nextBoolean()) {
        Place at = new Place(WRITTEN, random.nextInt(4), random.nextInt(1, 3));
        Result result = new Result(ordered(any(sums.length)), shorter(), at);
        x.store(result.id, result.as, at);
        stored.add(result);
      }
      for (int i = 0; i < sums.length; i++) {
        Result result = new Result(any(sums.length), Format.FLOAT, place());
        x.collect(values.get(i).id, result.id, result.to);
        collected.add(result);
      }
    }

    private float number() {
      return switch (special ? random.nextInt(12) : 12) {
        case 0 -> random.nextBoolean() ? 0f : -0f;
        case 1 -> random.nextBoolean() ? Float.POSITIVE_INFINITY : Float.NEGATIVE_INFINITY;
        case 2 -> Float.NaN;
        case 3 -> Float.MIN_VALUE * random.nextInt(-9, 9);
        case 4 -> Float.intBitsToFloat(random.nextInt());
        case 5 -> random.nextInt(-2, 3);
        default -> random.nextFloat(-2, 2);
      };
    }

    private Place place() {
      int entry = random.nextInt(LoopWriter.ARRAY, ENTRIES + 2);
      return new Place(
          entry == ENTRIES ? STRIDED : entry > ENTRIES ? ARRAY_STRIDED : entry,
          random.nextInt(3),
          random.nextInt(1, 3));
    }

    private Format shorter() {
      return SHORTER.get(random.nextInt(SHORTER.size()));
    }

    /** Where what an entry refers to begins. */
    private static int start(int entry) {
      int place =
          switch (entry) {
            case STRIDED -> ENTRIES - 1;
            case ARRAY_STRIDED -> LoopWriter.ARRAY;
            case READ -> ENTRIES;
            case WRITTEN -> ENTRIES + 1;
            default -> entry;
          };
      return (place - LoopWriter.ARRAY) * ENTRY_FLOATS;
    }

    private int index(Place at, int step) {
      boolean strided = at.entry() == STRIDED || at.entry() == ARRAY_STRIDED;
      int moved = step * (strided ? stride : at.step() * LANES);
      return start(at.entry()) + at.offset() * LANES + moved;
    }

    /** Counted in two bytes. */
    private static int shortIndex(Place at, int step) {
      return 2 * start(at.entry()) + at.offset() * LANES + 2 * at.step() * step * LANES;
    }

    private short shortAt(int index) {
      return (short) (bits(memory[index / 2]) >>> ((index % 2) * Short.SIZE));
    }

    private void setShort(int index, short number) {
      int above = (index % 2) * Short.SIZE;
      int others = bits(memory[index / 2]) & ~(0xffff << above);
      memory[index / 2] = Float.intBitsToFloat(others | ((number & 0xffff) << above));
    }

    /** A value that is none of the first ones, more often than not one of the last. */
    private int any(int first) {
      int count = values.size() - first;
      int back = random.nextInt(random.nextInt(4) == 0 ? count : Math.min(count, reach));
      return values.get(values.size() - 1 - back).id;
    }

    /** Any value, or the same again. */
    private int anyOr(int same) {
      return random.nextInt(4) == 0 ? same : any(0);
    }

    private int value(int id, Plain plain) {
      values.add(new Value(id, plain));
      return id;
    }

    private void leaf() {
      Place at = place();
      float[] before = memory.clone();
      int index = random.nextInt(ENTRY_FLOATS);
      switch (random.nextInt(8)) {
        case 6 -> {
          Format as = shorter();
          Place from = new Place(READ, random.nextInt(4), at.step());
          value(
              x.vector(as, from),
              (step, lane) -> widened(as, shortAt(shortIndex(from, step) + lane)));
        }
        case 0 -> value(x.fixed(at), (_, lane) -> before[index(at, 0) + lane]);
        case 1 -> {
          int start = start(at.entry());
          value(x.constant(at.entry(), index), (_, _) -> before[start + index]);
        }
        case 2 -> literal(number());
        default -> value(x.vector(at), (step, lane) -> memory[index(at, step) + lane]);
      }
    }

    private static float widened(Format as, short number) {
      return switch (as) {
        case HALF -> Float.float16ToFloat(number);
        case SHORT -> Float.intBitsToFloat(number & 0xffff);
        case FLOAT -> throw new IllegalArgumentException("four bytes");
      };
    }

    private static short narrowed(Format as, float number) {
      return switch (as) {
        case HALF -> Float.floatToFloat16(number);
        case SHORT -> (short) bits(number);
        case FLOAT -> throw new IllegalArgumentException("four bytes");
      };
    }

    private int literal(float number) {
      return value(x.literal(number), (_, _) -> number);
    }

    private int binary(int id, int a, int b, Operation operation) {
      return value(id, (_, _) -> operation.of(known[a], known[b]));
    }

    private int select(Comparison is, int a, int b, int yes, int no) {
      int id = x.select(is, a, b, yes, no);
      return value(id, (_, _) -> compare(is, known[a], known[b]) ? known[yes] : known[no]);
    }

    private static boolean compare(Comparison is, float a, float b) {
      return switch (is) {
        case EQUAL -> a == b;
        case LESS -> a < b;
        case LESS_OR_EQUAL -> a <= b;
        case UNORDERED -> Float.isNaN(a) || Float.isNaN(b);
      };
    }

    private int atLeast(int least, int a) {
      return binary(x.atLeast(least, a), least, a, (l, n) -> l > n ? l : n);
    }

    private int atMost(int most, int a) {
      return binary(x.atMost(most, a), most, a, (m, n) -> m < n ? m : n);
    }

    /** A value, but 1 instead of NaN, which is not always of the same bits. */
    private int ordered(int a) {
      return select(Comparison.UNORDERED, a, a, literal(1), a);
    }

    private int positive(int a) {
      return atMost(literal(Float.MAX_VALUE), atLeast(literal(Float.MIN_VALUE), ordered(a)));
    }

    /** Counted in double, in which no float is denormal. */
    private int exponent(int a) {
      return value(x.exponent(a), (_, _) -> Math.getExponent((double) known[a]));
    }

    private int scale(int a, int b) {
      return binary(x.scale(a, b), a, b, (n, by) -> (float) Math.scalb((double) n, (int) by));
    }

    private int mantissa(int a) {
      Operation mantissa = (n, _) -> (float) Math.scalb((double) n, -Math.getExponent((double) n));
      return binary(x.mantissa(a), a, a, mantissa);
    }

    private int and(int a, int b) {
      return binary(x.and(a, b), a, b, (n, m) -> Float.intBitsToFloat(bits(n) & bits(m)));
    }

    private int xor(int a, int b) {
      return binary(x.xor(a, b), a, b, (n, m) -> Float.intBitsToFloat(bits(n) ^ bits(m)));
    }

    private int or(int a, int b) {
      return binary(x.or(a, b), a, b, (n, m) -> Float.intBitsToFloat(bits(n) | bits(m)));
    }

    private int addInts(int a, int b) {
      return binary(x.addInts(a, b), a, b, (n, m) -> Float.intBitsToFloat(bits(n) + bits(m)));
    }

    private int shift(int a) {
      int by = random.nextInt(Integer.SIZE);
      return random.nextBoolean()
          ? binary(x.shiftLeft(a, by), a, a, (n, _) -> Float.intBitsToFloat(bits(n) << by))
          : binary(x.shiftRight(a, by), a, a, (n, _) -> Float.intBitsToFloat(bits(n) >>> by));
    }

    private static int bits(float number) {
      return Float.floatToRawIntBits(number);
    }

    private int operation(int a) {
      int b = anyOr(a);
      int c = anyOr(b);
      int d = anyOr(a);
      return switch (random.nextInt(23)) {
        case 0 -> binary(x.add(a, b), a, b, Float::sum);
        case 1 -> binary(x.sub(a, b), a, b, (n, m) -> n - m);
        case 2 -> binary(x.mul(a, b), a, b, (n, m) -> n * m);
        case 3 -> binary(x.div(a, b), a, b, (n, m) -> n / m);
        case 4 -> binary(x.max(a, b), a, b, Math::max);
        case 5 -> binary(x.min(a, b), a, b, Math::min);
        case 6 -> atLeast(a, b);
        case 7 -> atMost(a, b);
        case 8 -> binary(x.sqrt(a), a, a, (n, _) -> (float) Math.sqrt(n));
        case 9 -> and(ordered(a), ordered(b));
        case 10 -> xor(ordered(a), ordered(b));
        case 11 -> exponent(positive(a));
        case 12 -> mantissa(positive(a));
        case 13 -> scale(a, exponent(positive(b)));
        case 16 -> or(ordered(a), ordered(b));
        case 17 -> addInts(ordered(a), ordered(b));
        case 18 -> shift(ordered(a));
        case 14, 15 -> select(COMPARISONS.get(random.nextInt(COMPARISONS.size())), a, b, c, d);
        default -> value(x.fma(a, b, d), (_, _) -> Math.fma(known[a], known[b], known[d]));
      };
    }

    /** What the code makes of the memory. */
    float[] run(VectorLoop code, int steps, Arena arena) {
      MemorySegment copy = arena.allocateFrom(ValueLayout.JAVA_FLOAT, memory);
      long[] addresses = new long[WRITTEN + 1];
      for (int i = 0; i < addresses.length; i++) {
        addresses[i] = copy.address() + (long) Float.BYTES * start(i);
      }
      addresses[STRIDED + 1] = (long) stride * Float.BYTES;
      addresses[ARRAY_STRIDED] = 0;
      addresses[ARRAY_STRIDED + 1] = addresses[STRIDED + 1];
      float[] array = Arrays.copyOf(memory, ENTRY_FLOATS);
      code.run(addresses, array, steps);
      float[] after = copy.toArray(ValueLayout.JAVA_FLOAT);
      System.arraycopy(array, 0, after, 0, ENTRY_FLOATS);
      return after;
    }

    private void store(Result result, int step, int lane, float number) {
      if (result.as == Format.FLOAT) {
        memory[index(result.to, step) + lane] = number;
      } else {
        setShort(shortIndex(result.to, step) + lane, narrowed(result.as, number));
      }
    }

    /** What plain Java makes of it. */
    float[] plain(int steps) {
      float[][] lanes = new float[LANES][1 + values.stream().mapToInt(Value::id).max().orElse(0)];
      for (int step = 0; step < steps; step++) {
        for (int lane = 0; lane < LANES; lane++) {
          known = lanes[lane];
          for (Value value : values) {
            known[value.id] = value.plain.at(step, lane);
          }
        }
        for (Result result : stored) {
          for (int lane = 0; lane < LANES; lane++) {
            store(result, step, lane, lanes[lane][result.id]);
          }
        }
        for (int lane = 0; lane < LANES; lane++) {
          for (int i = 0; i < sums.length; i++) {
            sums[i][lane] = lanes[lane][collected.get(i).id];
          }
        }
      }
      for (int i = 0; i < sums.length; i++) {
        System.arraycopy(sums[i], 0, memory, index(collected.get(i).to, 0), LANES);
      }
      return memory;
    }
  }

  @Test
  void codeLeavesWhatPlainJavaLeaves() {
    VectorLoop.Loader loader = FloatCodeTest.here().loops();
    int refused = 0;
    for (int seed = 0; seed < LOOPS; seed++) {
      RandomLoop loop = new RandomLoop(seed);
      try (Arena arena = Arena.ofConfined()) {
        Optional<VectorLoop> code = loader.load(loop.x, arena);
        if (code.isEmpty()) {
          refused++;
        } else {
          int steps = seed % 4;
          float[] actual = loop.run(code.get(), steps, arena);
          // Arrays are compared by Float.compare: NaN is NaN, but 0 is not -0.
          assertThat(actual).as("loop %s", seed).isEqualTo(loop.plain(steps));
        }
      }
    }
    // Of these, 72 need more registers than there are.
    assertThat(refused).as("loops refused").isLessThan(LOOPS / 10);
  }
}
