package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.BYTES;
import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.F32;
import static org.jdit.tensor.cpu.kernel.Lanes.LITTLE;
import static org.jdit.tensor.cpu.kernel.Lanes.MEMORY;
import static org.jdit.tensor.cpu.kernel.MicroKernel.WIDTH;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.jdit.tensor.Int8;
import org.jdit.tensor.spi.Precision;

/**
 * Right panels of numbers that are {@link Int8}: the scales of the columns, then an int for four
 * terms of a column, the first in its lowest byte. So a column is a lane of every vector, whatever
 * the width of the vectors. Blocks of one column have the same scale, that of all its terms.
 */
final class Int8Panel {
  private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, F32.vectorShape());

  /** Terms that share an int. */
  private static final int TERMS = Integer.BYTES;

  /** Bytes of a line of floats or ints, one for each column. */
  private static final long LINE = (long) WIDTH * Float.BYTES;

  /** A float of whose sum with a byte the last bits are that byte, and to which others round. */
  private static final float ROUNDING = 3 << 22;

  private static final int BYTE = 0xff;

  private Int8Panel() {}

  /** Floats of a line of {@code terms} terms. */
  static int floats(int terms) {
    return terms == 0 ? 0 : 1 + Math.ceilDiv(terms, TERMS);
  }

  /**
   * Whether bytes hold every bit of a panel of columns.
   *
   * @param columns the right operand, transposed
   */
  static boolean holds(Scratch.Local local, Matrix columns, int panel) {
    // One column is soon looked at, whatever the JVM has compiled.
    if (!holds(columns, panel * WIDTH)) {
      return false;
    }
    long scales = scales(local, columns, panel);
    for (int i = 0; i < WIDTH; i++) {
      if (!Int8.isScale(Lanes.get(scales, i))) {
        return false;
      }
    }
    int depth = Panel.depth(columns.cols());
    for (int from = 0; from < columns.cols(); from += depth) {
      int count = pack(local, columns, panel, from, Math.min(depth, columns.cols() - from));
      if (differ(local.heap, count, scales)) {
        return false;
      }
    }
    return true;
  }

  /** Whether bytes hold a column. Of ordinary numbers they do not hold the first one or two. */
  private static boolean holds(Matrix columns, int column) {
    float largest = 0;
    for (int i = 0; i < columns.cols(); i++) {
      largest = Math.max(largest, Math.abs(MEMORY.get(Panel.FLOAT, columns.address(column, i))));
    }
    float scale = Int8.scale(largest);
    for (int i = 0; i < columns.cols(); i++) {
      float x = MEMORY.get(Panel.FLOAT, columns.address(column, i));
      float again = Int8.nearest(x, scale) * scale;
      if (Float.floatToRawIntBits(again) != Float.floatToRawIntBits(x)) {
        return false;
      }
    }
    return true;
  }

  private static boolean differ(float[] x, int count, long scales) {
    IntVector differences = IntVector.zero(INTS);
    for (int column = 0; column < WIDTH; column += COUNT) {
      FloatVector scale = Lanes.load(scales + (long) column * Float.BYTES);
      FloatVector inverse = inverse(scale);
      for (int i = column; i < count; i += WIDTH) {
        FloatVector original = FloatVector.fromArray(F32, x, i);
        FloatVector again = original.mul(inverse).add(ROUNDING).sub(ROUNDING).mul(scale);
        // As bits, for -0 is no such number.
        IntVector difference =
            again.reinterpretAsInts().lanewise(VectorOperators.XOR, original.reinterpretAsInts());
        differences = differences.or(difference);
      }
    }
    return differences.compare(VectorOperators.NE, 0).anyTrue();
  }

  /**
   * Packs a block of terms of a panel of columns that {@link #holds}.
   *
   * @param columns the right operand, transposed
   * @param to address of {@link #floats} for each column
   */
  static void narrow(Scratch.Local local, Matrix columns, int panel, int from, int depth, long to) {
    long scales = scales(local, columns, panel);
    int count = pack(local, columns, panel, from, depth);
    int lines = Math.ceilDiv(depth, TERMS);
    Arrays.fill(local.heap, count, lines * TERMS * WIDTH, 0f);
    for (int column = 0; column < WIDTH; column += COUNT) {
      FloatVector scale = Lanes.load(scales + (long) column * Float.BYTES);
      FloatVector inverse = inverse(scale);
      long at = to + (long) column * Float.BYTES;
      Lanes.store(scale, at);
      for (int i = 0; i < lines; i++) {
        int term = i * TERMS * WIDTH + column;
        IntVector four = bytes(local.heap, term, inverse);
        for (int t = 1; t < TERMS; t++) {
          IntVector next = bytes(local.heap, term + t * WIDTH, inverse);
          four = four.or(next.lanewise(VectorOperators.LSHL, t * Byte.SIZE));
        }
        at += LINE;
        four.intoMemorySegment(MEMORY, at, LITTLE);
      }
    }
  }

  private static IntVector bytes(float[] x, int at, FloatVector inverse) {
    return FloatVector.fromArray(F32, x, at)
        .mul(inverse)
        .add(ROUNDING)
        .reinterpretAsInts()
        .and(BYTE);
  }

  /**
   * By which a number is multiplied to be divided by a scale. The quotient is an integer but for
   * its last bits, which rounding removes.
   */
  private static FloatVector inverse(FloatVector scale) {
    return FloatVector.broadcast(F32, 1f).div(scale);
  }

  /** Address of the scales of a panel of columns, by all their terms, until the next call. */
  private static long scales(Scratch.Local local, Matrix columns, int panel) {
    MEMORY.asSlice(local.rows, LINE).fill((byte) 0);
    int depth = Panel.depth(columns.cols());
    for (int from = 0; from < columns.cols(); from += depth) {
      int count = pack(local, columns, panel, from, Math.min(depth, columns.cols() - from));
      for (int column = 0; column < WIDTH; column += COUNT) {
        long at = local.rows + (long) column * Float.BYTES;
        FloatVector largest = Lanes.load(at);
        for (int i = column; i < count; i += WIDTH) {
          largest = largest.max(FloatVector.fromArray(F32, local.heap, i).abs());
        }
        Lanes.store(largest, at);
      }
    }
    for (int i = 0; i < WIDTH; i++) {
      Lanes.set(local.rows, i, Int8.scale(Lanes.get(local.rows, i)));
    }
    return local.rows;
  }

  /** Packs a block of terms on the heap, as they are, and says how many numbers that is. */
  private static int pack(Scratch.Local local, Matrix columns, int panel, int from, int depth) {
    Panel.pack(Precision.FP32, columns, panel * WIDTH, WIDTH, from, depth, local.heap, 0);
    return depth * WIDTH;
  }

  /**
   * Fills a panel of float32 numbers.
   *
   * @param to address of {@code [depth][WIDTH]}, with room for three lines more
   */
  static void widen(long from, int depth, long to) {
    FloatVector low = Lanes.load(from);
    FloatVector high = Lanes.load(from + BYTES);
    long at = to;
    long end = from + floats(depth) * LINE;
    for (long four = from + LINE; four < end; four += LINE) {
      IntVector a = IntVector.fromMemorySegment(INTS, MEMORY, four, LITTLE);
      IntVector b = IntVector.fromMemorySegment(INTS, MEMORY, four + BYTES, LITTLE);
      for (int above = Integer.SIZE - Byte.SIZE; above >= 0; above -= Byte.SIZE) {
        Lanes.store(number(a, above).mul(low), at);
        Lanes.store(number(b, above).mul(high), at + BYTES);
        at += LINE;
      }
    }
  }

  /** The byte of each lane that has so many bits above it, as a float. */
  private static FloatVector number(IntVector four, int above) {
    return four.lanewise(VectorOperators.LSHL, above)
        .lanewise(VectorOperators.ASHR, Integer.SIZE - Byte.SIZE)
        .convert(VectorOperators.I2F, 0)
        .reinterpretAsFloats();
  }

  /** An element of a panel. */
  static float at(long panel, int term, int column) {
    float scale = MEMORY.get(Panel.FLOAT, panel + (long) column * Float.BYTES);
    long four = (long) (term / TERMS + 1) * WIDTH + column;
    return scale * MEMORY.get(ValueLayout.JAVA_BYTE, panel + four * TERMS + term % TERMS);
  }
}
