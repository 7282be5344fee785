package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jdit.tensor.spi.Precision;

/**
 * Panels, the form in which {@link MicroKernel} reads its operands: a few lines of a matrix, side
 * by side for each position along them. Lines are rows of a left operand, or columns of a right one
 * (which is to say rows of its transpose).
 */
final class Panel {
  /** A float at an address; without a check of alignment, which would cost as much as the load. */
  static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(Lanes.LITTLE);

  /** Most terms of a sum that are added up in registers before they go to memory. */
  private static final int MOST_DEPTH = 1152;

  private Panel() {}

  /** How many blocks of terms a sum of {@code k} terms is cut into; at least one. */
  static int blocks(int k) {
    return Math.max(1, Math.ceilDiv(k, MOST_DEPTH));
  }

  /** Terms of each block of a sum of {@code k} terms, except perhaps the last. */
  static int depth(int k) {
    return Math.ceilDiv(k, blocks(k));
  }

  /**
   * Packs part of a matrix as {@code [depth][width]}, rounded; lines beyond its last row are zero.
   *
   * @param precision what the elements are rounded to
   * @param lines the rows of this matrix
   * @param first the first row
   * @param width how many rows
   * @param from the first column
   * @param depth how many columns
   * @param at where in {@code into} to begin
   */
  static void pack(
      Precision precision,
      Matrix lines,
      int first,
      int width,
      int from,
      int depth,
      float[] into,
      int at) {
    copy(lines, first, width, from, depth, into, at);
    Bfloat16.round(precision, into, at, depth * width);
  }

  /** Packs a right operand's panel of columns by way of {@code buffer} to an address. */
  static void packRight(
      Precision precision,
      Matrix columns,
      int panel,
      int from,
      int depth,
      float[] buffer,
      long address) {
    int width = MicroKernel.WIDTH;
    pack(precision, columns, panel * width, width, from, depth, buffer, 0);
    MemorySegment.copy(buffer, 0, Lanes.MEMORY, FLOAT, address, depth * width);
  }

  private static void copy(
      Matrix lines, int first, int width, int from, int depth, float[] into, int at) {
    int present = Math.min(width, lines.rows() - first);
    if (present < width) {
      Arrays.fill(into, at, at + depth * width, 0f);
    }
    if (depth == 0) {
      return;
    }
    long along = lines.colStride() * Float.BYTES;
    if (lines.rowStride() == 1 && present == MicroKernel.WIDTH) {
      adjacent(lines.address(first, from), along, depth, into, at);
      return;
    }
    if (lines.rowStride() == 1 && width <= Lanes.COUNT && first + Lanes.COUNT <= lines.rows()) {
      narrow(lines.address(first, from), along, width, depth, into, at);
      return;
    }
    int done = present == width ? blocks(lines, first, width, from, depth, into, at) : 0;
    int term = from + done;
    int to = at + done * width;
    int i = 0;
    for (; i + 4 <= present; i += 4) {
      four(lines, first + i, term, along, depth - done, width, into, to + i);
    }
    for (; i < present; i++) {
      one(lines.address(first + i, term), along, depth - done, width, into, to + i);
    }
  }

  /** As many terms as fit whole blocks, of lines whose terms lie side by side; says how many. */
  private static int blocks(
      Matrix lines, int first, int width, int from, int depth, float[] into, int at) {
    boolean fits =
        Lanes.COUNT == Transpose.SIZE
            && (width == MicroKernel.HEIGHT || width == MicroKernel.WIDTH);
    if (!fits || lines.colStride() != 1) {
      return 0;
    }
    int done = depth / Transpose.SIZE * Transpose.SIZE;
    long row = lines.rowStride() * Float.BYTES;
    for (int i = 0; i < width; i += Transpose.SIZE) {
      int rows = Math.min(Transpose.SIZE, width - i);
      long address = lines.address(first + i, from);
      Transpose.blocks(rows, address, row, done / Transpose.SIZE, into, at + i, width);
    }
    return done;
  }

  /** Lines that lie side by side already. */
  private static void adjacent(long from, long along, int depth, float[] into, int at) {
    for (int i = 0; i < MicroKernel.WIDTH; i += Lanes.COUNT) {
      long first = from + (long) i * Float.BYTES;
      StridedVectors.load(first, along, depth, into, at + i, MicroKernel.WIDTH);
    }
  }

  /**
   * Fewer lines than a vector has lanes, side by side. What a store spoils behind them the next one
   * puts right; the last one is cut.
   */
  private static void narrow(long from, long along, int width, int depth, float[] into, int at) {
    int last = depth - 1;
    StridedVectors.load(from, along, last, into, at, width);
    MemorySegment.copy(Lanes.MEMORY, FLOAT, from + last * along, into, at + last * width, width);
  }

  private static void four(
      Matrix lines, int first, int from, long along, int depth, int width, float[] into, int at) {
    long a = lines.address(first, from);
    long b = lines.address(first + 1, from);
    long c = lines.address(first + 2, from);
    long d = lines.address(first + 3, from);
    int to = at;
    long step = 0;
    for (int k = 0; k < depth; k++) {
      into[to] = Lanes.MEMORY.get(FLOAT, a + step);
      into[to + 1] = Lanes.MEMORY.get(FLOAT, b + step);
      into[to + 2] = Lanes.MEMORY.get(FLOAT, c + step);
      into[to + 3] = Lanes.MEMORY.get(FLOAT, d + step);
      to += width;
      step += along;
    }
  }

  private static void one(long from, long along, int depth, int width, float[] into, int at) {
    int to = at;
    long step = 0;
    for (int k = 0; k < depth; k++) {
      into[to] = Lanes.MEMORY.get(FLOAT, from + step);
      to += width;
      step += along;
    }
  }
}
