package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.F32;
import static org.jdit.tensor.cpu.kernel.Lanes.LITTLE;
import static org.jdit.tensor.cpu.kernel.Lanes.MEMORY;
import static org.jdit.tensor.cpu.machine.MatrixUnit.SIDE;
import static org.jdit.tensor.cpu.machine.MatrixUnit.STEP;
import static org.jdit.tensor.cpu.machine.MatrixUnit.STEP_BYTES;

import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.jdit.tensor.cpu.machine.MatrixUnit;

/**
 * Panels of bfloat16, the form in which a {@link MatrixUnit} reads its operands. Lines are rows of
 * a left operand, or columns of a right one, as for {@link Panel}. A step holds pairs of terms: a
 * left panel has them {@code [line][pair]}, a right one {@code [pair][line]}; and a matrix is read
 * in that order of the two in which it lies, and turned around if need be.
 */
final class Bf16Panels {
  /** Bytes of a step as floats. */
  private static final long FLOATS = (long) SIDE * STEP * Float.BYTES;

  /** Bytes of working memory that packing needs, besides the panel. */
  static final long WORK = FLOATS + STEP_BYTES;

  private static final ValueLayout.OfInt PAIR = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE);

  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(F32.vectorBitSize() / 2));

  private static final int PAIRS = STEP / 2;
  private static final int UPPER = 0xffff0000;
  private static final int BELOW_HALF = 0x7fff;
  private static final int INFINITE = 0x7f800000;
  private static final int QUIET = 0x00400000;

  private Bf16Panels() {}

  /**
   * What of a float32 number is packed. The two parts together are the number to 16 bits, as long
   * as it is far from the ends of its range.
   */
  enum Part {
    /** The nearest bfloat16, ties to even; NaN stays NaN. */
    HIGH,

    /** The bfloat16 that is nearest to what {@link #HIGH} leaves; zero if that is not finite. */
    LOW
  }

  /** Steps of a panel of {@code depth} terms. */
  static int steps(int depth) {
    return Math.ceilDiv(depth, STEP);
  }

  /**
   * Packs rows for the left side; rows and terms beyond the last are zero.
   *
   * @param part what of each element
   * @param lines the rows of this matrix
   * @param first the first of 32 rows
   * @param from the first column
   * @param depth how many columns
   * @param to address of {@link #steps} steps
   * @param work address of {@link #WORK} bytes
   */
  static void left(Part part, Matrix lines, int first, int from, int depth, long to, long work) {
    pack(part, lines, first, from, depth, true, to, work);
  }

  /**
   * Packs columns for the right side, given as {@code lines}, the rows of the matrix's transpose;
   * else as {@link #left}.
   */
  static void right(Part part, Matrix lines, int first, int from, int depth, long to, long work) {
    pack(part, lines, first, from, depth, false, to, work);
  }

  /** An element of a left panel. */
  static float left(long panel, int line, int term) {
    long at = ((long) term / STEP * SIDE + line) * STEP + term % STEP;
    return Bfloat16.at(panel + at * Short.BYTES);
  }

  /** An element of a right panel. */
  static float right(long panel, int term, int line) {
    long at = ((long) term / 2 * SIDE + line) * 2 + term % 2;
    return Bfloat16.at(panel + at * Short.BYTES);
  }

  private static void pack(
      Part part, Matrix lines, int first, int from, int depth, boolean byLine, long to, long work) {
    long at = to;
    for (int done = 0; done < depth; done += STEP) {
      step(part, lines, first, from + done, Math.min(STEP, depth - done), byLine, at, work);
      at += STEP_BYTES;
    }
  }

  private static void step(
      Part part, Matrix lines, int first, int from, int terms, boolean byLine, long to, long work) {
    boolean whole = terms == STEP && first + SIDE <= lines.rows();
    boolean across = whole && lines.rowStride() == 1 && lines.colStride() != 1;
    long turned = work + FLOATS;
    long into = across == byLine ? turned : to;
    if (across) {
      across(part, lines.address(first, from), lines.colStride() * Float.BYTES, into);
    } else if (whole && lines.colStride() == 1) {
      along(part, lines.address(first, from), lines.rowStride() * Float.BYTES, into);
    } else {
      gather(lines, first, from, terms, work);
      along(part, work, STEP * Float.BYTES, into);
    }
    if (across && byLine) {
      turn(turned, PAIRS, SIDE, to);
    } else if (!across && !byLine) {
      turn(turned, SIDE, PAIRS, to);
    }
  }

  /** A step of a matrix that ends in it, or whose elements lie apart, row-major and filled up. */
  private static void gather(Matrix lines, int first, int from, int terms, long to) {
    MEMORY.asSlice(to, FLOATS).fill((byte) 0);
    int present = Math.min(SIDE, lines.rows() - first);
    for (int i = 0; i < present; i++) {
      for (int k = 0; k < terms; k++) {
        float x = MEMORY.get(Panel.FLOAT, lines.address(first + i, from + k));
        MEMORY.set(Panel.FLOAT, to + ((long) i * STEP + k) * Float.BYTES, x);
      }
    }
  }

  /** Lines whose terms lie side by side, as {@code [line][pair]}. */
  private static void along(Part part, long from, long line, long to) {
    for (int i = 0; i < SIDE; i++) {
      long x = from + i * line;
      long at = to + (long) i * STEP * Short.BYTES;
      for (int k = 0; k < STEP; k += COUNT) {
        bits(part, Lanes.load(x + (long) k * Float.BYTES))
            .lanewise(VectorOperators.LSHR, Short.SIZE)
            .convertShape(VectorOperators.I2S, SHORTS, 0)
            .reinterpretAsShorts()
            .intoMemorySegment(MEMORY, at + (long) k * Short.BYTES, LITTLE);
      }
    }
  }

  /** Lines that lie side by side, as {@code [pair][line]}. */
  private static void across(Part part, long from, long term, long to) {
    for (int pair = 0; pair < PAIRS; pair++) {
      long x = from + 2L * pair * term;
      long at = to + (long) pair * SIDE * Integer.BYTES;
      for (int i = 0; i < SIDE * Float.BYTES; i += Lanes.BYTES) {
        IntVector even = bits(part, Lanes.load(x + i)).lanewise(VectorOperators.LSHR, Short.SIZE);
        IntVector odd = bits(part, Lanes.load(x + term + i)).and(UPPER);
        even.or(odd).intoMemorySegment(MEMORY, at + i, LITTLE);
      }
    }
  }

  /** Transposes pairs. */
  private static void turn(long from, int rows, int cols, long to) {
    long row = (long) cols * Integer.BYTES;
    long at = to;
    for (int j = 0; j < cols; j++) {
      long x = from + (long) j * Integer.BYTES;
      for (int i = 0; i < rows; i++) {
        MEMORY.set(PAIR, at, MEMORY.get(PAIR, x));
        x += row;
        at += Integer.BYTES;
      }
    }
  }

  /** A part of each lane, in its upper half; what the lower half holds means nothing. */
  private static IntVector bits(Part part, FloatVector x) {
    FloatVector whole = part == Part.HIGH ? x : x.sub(Bfloat16.round(x));
    IntVector bits = whole.reinterpretAsInts();
    IntVector even = bits.lanewise(VectorOperators.LSHR, Short.SIZE).and(1);
    IntVector rounded = bits.add(even).add(BELOW_HALF);
    IntVector size = bits.and(Integer.MAX_VALUE);
    if (part == Part.LOW) {
      return rounded.blend(0, size.compare(VectorOperators.GE, INFINITE));
    }
    // A NaN that says so in its lower half only must not become infinite.
    return rounded.blend(bits.or(QUIET), size.compare(VectorOperators.GT, INFINITE));
  }
}
