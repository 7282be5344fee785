package org.jdit.tensor.cpu.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.jdit.tensor.cpu.machine.LoopWriter.Format;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;

/**
 * Whether kernels compute what plain Java does. For a matrix unit the numbers are small integers,
 * and sums to add to that leave no bit of a float unused, so that every order of adding gives the
 * same.
 */
final class SelfTest {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int STEPS = 3;

  /** Terms of a block: none, one, some pairs, and one more. */
  private static final int DEPTH = 5;

  /** Half of the largest integer up to which floats have them all. */
  private static final int LARGE = 1 << 23;

  private static final int LANES = 16;
  private static final int VECTORS = 3;

  private SelfTest() {}

  /** What is wrong with a kernel; empty if nothing is. */
  static Optional<String> failure(TileKernel kernel) {
    Random random = new Random(1);
    TileKernel right = new PlainKernel(MatrixUnit.Kind.AMX);
    try (Arena arena = Arena.ofConfined()) {
      long a = panel(arena, random).address();
      long b = panel(arena, random).address();
      float[] sums = new float[MatrixUnit.SIDE * MatrixUnit.SIDE];
      for (int i = 0; i < sums.length; i++) {
        sums[i] = random.nextInt(-LARGE, LARGE);
      }
      for (int steps = 1; steps <= STEPS; steps++) {
        for (boolean accumulate : new boolean[] {false, true}) {
          float[] expected = sums.clone();
          float[] found = sums.clone();
          right.multiply(a, b, expected, steps, accumulate);
          kernel.multiply(a, b, found, steps, accumulate);
          int wrong = Arrays.mismatch(expected, found);
          if (wrong >= 0) {
            return Optional.of(
                "element %d of a product of %d terms is %s and not %s"
                    .formatted(wrong, steps * MatrixUnit.STEP, found[wrong], expected[wrong]));
          }
        }
      }
    }
    return Optional.empty();
  }

  /** What is wrong with a kernel of blocks; empty if nothing is. */
  static Optional<String> failure(BlockKernel kernel) {
    Random random = new Random(2);
    try (Arena arena = Arena.ofConfined()) {
      for (int height : new int[] {FmaKernel.LOW, FmaKernel.TALL}) {
        for (int depth = 0; depth <= DEPTH; depth++) {
          float[] a = floats(random, 1 + depth * height);
          float[] b = floats(random, depth * FmaKernel.WIDTH);
          MemorySegment right = arena.allocateFrom(ValueLayout.JAVA_FLOAT, b);
          float[] found = floats(random, height * FmaKernel.WIDTH + 1);
          float[] expected = found.clone();
          kernel.multiply(height, a, 1, right.address(), depth, found);
          block(height, a, b, depth, expected);
          int wrong = Arrays.mismatch(expected, found);
          if (wrong >= 0) {
            return Optional.of(
                "element %d of a product of %d rows and %d terms is %s and not %s"
                    .formatted(wrong, height, depth, found[wrong], expected[wrong]));
          }
        }
      }
    }
    return Optional.empty();
  }

  /** What is wrong with a kernel that transposes; empty if nothing is. */
  static Optional<String> failure(TransposeKernel kernel) {
    Random random = new Random(4);
    int columns = 2 * LANES;
    int width = 19;
    try (Arena arena = Arena.ofConfined()) {
      for (int rows : new int[] {12, LANES}) {
        float[] x = floats(random, rows * (columns + 1));
        long row = (columns + 1L) * Float.BYTES;
        long from = arena.allocateFrom(ValueLayout.JAVA_FLOAT, x).address();
        float[] found = floats(random, 1 + columns * width);
        float[] expected = found.clone();
        kernel.transpose(rows, from, row, 2, found, 1, width);
        for (int k = 0; k < columns; k++) {
          for (int i = 0; i < rows; i++) {
            expected[1 + k * width + i] = x[i * (columns + 1) + k];
          }
          // What may be overwritten, except behind the last row.
          for (int i = rows; i < LANES && k % LANES < LANES - 1; i++) {
            expected[1 + k * width + i] = found[1 + k * width + i];
          }
        }
        int wrong = Arrays.mismatch(expected, found);
        if (wrong >= 0) {
          return Optional.of(
              "element %d of %d transposed rows is %s and not %s"
                  .formatted(wrong, rows, found[wrong], expected[wrong]));
        }
      }
    }
    return Optional.empty();
  }

  /** What is wrong with the loops that a loader makes; empty if nothing is. */
  static Optional<String> failure(VectorLoop.Loader loader) {
    LoopWriter loop = new LoopWriter();
    int x = loop.vector(new Place(0, 0, 1));
    int y = loop.vector(new Place(1, 0, 2));
    int c = loop.constant(2, 1);
    int half = loop.literal(0.5f);
    int fixed = loop.fixed(new Place(LoopWriter.ARRAY, 1, 0));
    List<Integer> results =
        List.of(
            loop.add(x, y),
            loop.sub(x, fixed),
            loop.div(loop.mul(x, half), loop.add(c, half)),
            loop.fma(x, y, c),
            loop.sqrt(loop.and(y, loop.bits(Integer.MAX_VALUE))),
            loop.scale(x, c),
            loop.exponent(loop.and(fixed, loop.bits(Integer.MAX_VALUE))),
            loop.mantissa(loop.and(fixed, loop.bits(Integer.MAX_VALUE))),
            loop.max(x, y),
            loop.min(x, y),
            loop.select(LoopWriter.Comparison.LESS, x, c, y, half),
            loop.atMost(half, loop.atLeast(c, loop.xor(x, loop.literal(-0f)))));
    for (int i = 0; i < results.size(); i++) {
      loop.store(results.get(i), new Place(3 + i, 0, 1));
    }
    int sum = loop.sum(1);
    loop.collect(sum, loop.fma(x, x, sum), new Place(3 + results.size(), 0, 0));
    int old = loop.vector(new Place(LoopWriter.ARRAY, 0, 2));
    loop.store(loop.mul(old, half), new Place(LoopWriter.ARRAY, 0, 2));
    try (Arena arena = Arena.ofConfined()) {
      return loader
          .load(loop, arena)
          .map(code -> difference(code, results.size()))
          .orElse(Optional.of("code of a loop is missing"))
          .or(() -> strided(loader, arena));
    }
  }

  /** Two bytes in several formats, in an array with a step of its own, and back. */
  private static Optional<String> strided(VectorLoop.Loader loader, Arena arena) {
    LoopWriter loop = new LoopWriter();
    int in = loop.strided(2, true);
    int out = loop.strided(4, false);
    int half = loop.vector(Format.HALF, new Place(0, 1, 1));
    int bits = loop.vector(Format.SHORT, new Place(0, 1, 1));
    int old = loop.vector(new Place(in, 0, 0));
    int twice = loop.or(loop.shiftLeft(bits, Short.SIZE), bits);
    loop.store(half, new Place(in, 0, 0));
    loop.store(loop.addInts(twice, loop.bits(1)), new Place(out, 0, 0));
    loop.store(old, Format.HALF, new Place(1, 0, 1));
    loop.store(loop.shiftRight(old, Short.SIZE), Format.SHORT, new Place(1, 1, 1));
    Random random = new Random(5);
    int step = LANES + 3;
    float[] array = floats(random, VECTORS * step + 1);
    float[] before = array.clone();
    MemorySegment from = arena.allocate((2L * VECTORS + 1) * LANES * Short.BYTES);
    for (long i = 0; i < from.byteSize(); i += Short.BYTES) {
      from.set(SHORT, i, Float.floatToFloat16(random.nextFloat(-2, 2)));
    }
    MemorySegment shorts = arena.allocate(from.byteSize());
    MemorySegment ints = arena.allocate((long) VECTORS * step * Float.BYTES);
    Optional<VectorLoop> code = loader.load(loop, arena);
    if (code.isEmpty()) {
      return Optional.of("code of a strided loop is missing");
    }
    long bytes = (long) step * Float.BYTES;
    long[] addresses = {
      from.address(), shorts.address(), Float.BYTES, bytes, ints.address(), bytes
    };
    code.get().run(addresses, array, VECTORS);
    for (int i = 0; i < VECTORS * LANES; i++) {
      int at = i / LANES * step + i % LANES;
      long narrow = (long) (i / LANES * 2 * LANES + i % LANES) * Short.BYTES;
      long wide = narrow + (long) LANES * Short.BYTES;
      short number = from.get(SHORT, wide);
      int old0 = Float.floatToRawIntBits(before[1 + at]);
      boolean right =
          array[1 + at] == Float.float16ToFloat(number)
              && ints.getAtIndex(ValueLayout.JAVA_INT, at) == (number & 0xffff) * 0x10001 + 1
              && shorts.get(SHORT, narrow) == Float.floatToFloat16(before[1 + at])
              && shorts.get(SHORT, wide) == (short) (old0 >>> Short.SIZE);
      if (!right) {
        return Optional.of("element %d of a strided loop is wrong".formatted(i));
      }
    }
    return Optional.empty();
  }

  private static Optional<String> difference(VectorLoop code, int results) {
    Random random = new Random(3);
    float c = -3;
    int n = VECTORS * LANES;
    float[] x = floats(random, n);
    float[] y = floats(random, 2 * n);
    x[1] = Float.NaN;
    y[2] = Float.NaN;
    x[3] = 0f;
    y[3] = -0f;
    x[LANES] = Float.MIN_NORMAL;
    float[] array = floats(random, 2 * n);
    float[][] expected = new float[results + 1][n];
    Arrays.fill(expected[results], 0, LANES, 1);
    for (int i = 0; i < n; i++) {
      float b = y[i + i / LANES * LANES];
      float[] at = values(x[i], b, c, array[LANES + i % LANES]);
      for (int r = 0; r < results; r++) {
        expected[r][i] = at[r];
      }
      expected[results][i % LANES] = Math.fma(x[i], x[i], expected[results][i % LANES]);
    }
    try (Arena arena = Arena.ofConfined()) {
      long[] addresses = new long[3 + results + 1];
      addresses[0] = arena.allocateFrom(ValueLayout.JAVA_FLOAT, x).address();
      addresses[1] = arena.allocateFrom(ValueLayout.JAVA_FLOAT, y).address();
      addresses[2] = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0, c).address();
      MemorySegment found = arena.allocate((results + 1L) * n * Float.BYTES);
      for (int r = 0; r <= results; r++) {
        addresses[3 + r] = found.address() + (long) r * n * Float.BYTES;
      }
      float[] halves = array.clone();
      code.run(addresses, halves, VECTORS);
      for (int i = 0; i < 2 * n; i++) {
        float value = i / LANES % 2 == 0 ? array[i] * 0.5f : array[i];
        if (value != halves[i]) {
          return Optional.of(
              "element %d of a loop's array is %s and not %s".formatted(i, halves[i], value));
        }
      }
      for (int r = 0; r <= results; r++) {
        for (int i = 0; i < n; i++) {
          float value = found.getAtIndex(ValueLayout.JAVA_FLOAT, (long) r * n + i);
          if (Float.compare(value, expected[r][i]) != 0) {
            return Optional.of(
                "element %d of a loop's result %d is %s and not %s"
                    .formatted(i, r, value, expected[r][i]));
          }
        }
      }
    }
    return Optional.empty();
  }

  /** What the loop computes of a number each of x and y, the constant and the fixed vector. */
  private static float[] values(float x, float y, float c, float fixed) {
    float negative = -x;
    float limited = c > negative ? c : negative;
    return new float[] {
      x + y,
      x - fixed,
      x * 0.5f / (c + 0.5f),
      Math.fma(x, y, c),
      (float) Math.sqrt(Math.abs(y)),
      Math.scalb(x, (int) c),
      Math.getExponent(fixed),
      Math.abs(fixed) / Math.scalb(1f, Math.getExponent(fixed)),
      Math.max(x, y),
      Math.min(x, y),
      x < c ? y : 0.5f,
      0.5f < limited ? 0.5f : limited
    };
  }

  private static void block(int height, float[] a, float[] b, int depth, float[] tile) {
    for (int i = 0; i < height; i++) {
      for (int j = 0; j < FmaKernel.WIDTH; j++) {
        float sum = 0;
        for (int k = 0; k < depth; k++) {
          sum = Math.fma(a[1 + k * height + i], b[k * FmaKernel.WIDTH + j], sum);
        }
        tile[i * FmaKernel.WIDTH + j] = sum;
      }
    }
  }

  private static float[] floats(Random random, int count) {
    float[] all = new float[count];
    for (int i = 0; i < count; i++) {
      all[i] = random.nextFloat(-1, 1);
    }
    return all;
  }

  private static MemorySegment panel(Arena arena, Random random) {
    MemorySegment panel = arena.allocate(MatrixUnit.bytes(STEPS), 64);
    for (long i = 0; i < panel.byteSize(); i += Short.BYTES) {
      int bits = Float.floatToRawIntBits(random.nextInt(-100, 101));
      panel.set(SHORT, i, (short) (bits >>> 16));
    }
    return panel;
  }
}
