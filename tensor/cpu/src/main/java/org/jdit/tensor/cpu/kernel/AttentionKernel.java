package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.BYTES;
import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.F32;
import static org.jdit.tensor.cpu.kernel.Lanes.load;
import static org.jdit.tensor.cpu.kernel.Lanes.store;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;
import org.jdit.tensor.cpu.machine.VectorLoop;

/**
 * {@code softmax(scale · q kᵀ) v} without the matrix of all scores (torch
 * scaled_dot_product_attention). A query's result is the same whatever the number of queries,
 * heads, images or threads.
 *
 * <p>A few queries lie side by side in the lanes of vectors. Their scores come out as {@code k qᵀ},
 * a row for each key, which is how the second product, {@code vᵀ pᵀ}, wants its right operand; so
 * the softmax over keys goes lane by lane and nothing is transposed between. Keys come in blocks
 * that fit the caches, with a running maximum and sum (Milakov and Gimelshein, arXiv 1805.02867).
 * In a precision other than float32 the weights of the values are rounded, but not their sum.
 *
 * <p>On a matrix unit the scale is applied to the scores, since queries have to be bfloat16 there;
 * elsewhere to the rounded queries.
 *
 * <p>Exponentials are to the base of e: to that of 2 they are cheaper, but the logarithm of 2 in
 * the scale rounds every score, where the usual scales are powers of 2.
 */
public final class AttentionKernel {
  private static final int WIDTH = MicroKernel.WIDTH;

  /** Floats of a block of keys, of values, of the queries of a tile. */
  private static final int BLOCK = 1 << 16;

  /** Most keys of a block, up to the next multiple of a panel's height. */
  private static final int MOST_KEYS = 504;

  private static final int MOST_QUERIES = 512;

  /** Floats of a block of queries or sums whose size is filled up to a panel's height. */
  private static final int FILLED = BLOCK + 34 * MOST_QUERIES;

  /** Floats of the scores of a panel for a block of keys. */
  private static final int SCORES = 512 * WIDTH;

  /** Bytes of a row of a panel. */
  private static final long ROW = 2L * BYTES;

  /** The largest head size: the queries of one panel fill their room. */
  public static final int MAX_HEAD_SIZE = BLOCK / 32;

  // In machine code, of the rows at the first address and what belongs to their columns at the
  // second: their maxima, to there.
  private static final Optional<VectorLoop> MAXIMA =
      Loops.pairs(
          (x, i) -> {
            int max = x.sum(Float.NEGATIVE_INFINITY);
            x.collect(max, x.atLeast(x.vector(new Place(0, i, 2)), max), new Place(1, i, 0));
          });

  // The exponentials of what they are above the maxima, whose sums go behind those.
  private static final Optional<VectorLoop> EXPONENTIALS =
      Loops.pairs(
          (x, i) -> {
            Place at = new Place(0, i, 2);
            int e = Loops.exp(x, x.sub(x.vector(at), x.fixed(new Place(1, i, 0))));
            int sum = x.sum(0);
            x.collect(sum, x.add(sum, e), new Place(1, 2 + i, 0));
            x.store(e, at);
          });

  // The logarithms of the sums of exponentials, from maxima and sums; and one by the sums.
  private static final Optional<VectorLoop> LOGARITHMS =
      Loops.pairs(
          (x, i) -> {
            int sum = x.vector(new Place(0, 2 + i, 2));
            x.store(x.add(Loops.log(x, sum), x.vector(new Place(0, i, 2))), new Place(1, i, 2));
            x.store(x.div(x.literal(1), sum), new Place(1, 2 + i, 2));
          });

  // The rows times those.
  private static final Optional<VectorLoop> QUOTIENTS =
      Loops.pairs(
          (x, i) -> {
            Place at = new Place(0, i, 2);
            x.store(x.mul(x.vector(at), x.fixed(new Place(1, 2 + i, 0))), at);
          });

  private final Scratch scratch;

  /** Attention with the given threads and working memory. */
  public AttentionKernel(Scratch scratch) {
    this.scratch = scratch;
  }

  /**
   * Computes attention; all operands are float32 with any strides.
   *
   * @param q {@code [B, H, T, D]}
   * @param k {@code [B, H, S, D]}, S at least 1
   * @param v {@code [B, H, S, D]}
   * @param out {@code [B, H, T, D]}, overlaps no operand
   * @param lse {@code [B, H, T]}: log of the sum of exp of the scaled scores
   * @throws JditException if D is larger than {@link #MAX_HEAD_SIZE}
   */
  public void run(Operand q, Operand k, Operand v, double scale, Operand out, Operand lse) {
    Shape shape = q.shape();
    int heads = shape.dim(1);
    int queries = shape.dim(2);
    int size = shape.dim(3);
    if (size > MAX_HEAD_SIZE) {
      throw new JditException(
          "Attention with heads of size %d is not supported; the largest is %d."
              .formatted(size, MAX_HEAD_SIZE));
    }
    int together = fitting(size, WIDTH, MOST_QUERIES);
    int parts = Math.ceilDiv(queries, together);
    scratch
        .workers()
        .run(
            shape.dim(0) * heads * parts,
            (tile, worker) -> {
              int image = tile / parts / heads;
              int head = tile / parts % heads;
              Tile t =
                  new Tile(
                      scratch.local(worker),
                      head(q, image, head),
                      head(k, image, head),
                      head(v, image, head),
                      (float) scale);
              int first = tile % parts * together;
              int count = Math.min(together, queries - first);
              t.attend(first, count);
              t.finish(first, count, head(out, image, head), column(lse, image, head));
            });
  }

  /** How many vectors of a size fit a block: a multiple of {@code step}, at least one step. */
  private static int fitting(int size, int step, int most) {
    int steps = BLOCK / (Math.max(1, size) * step);
    return Math.min(Math.max(1, steps) * step, most);
  }

  private static long bytes(int floats) {
    return (long) floats * Float.BYTES;
  }

  /** One head of a tensor {@code [B, H, T, D]}. */
  static Matrix head(Operand t, int image, int head) {
    List<Long> s = t.layout().strides();
    return new Matrix(
        t.data(),
        t.layout().offset() + image * s.get(0) + head * s.get(1),
        t.shape().dim(2),
        t.shape().dim(3),
        s.get(2),
        s.get(3));
  }

  /** One head of a tensor {@code [B, H, T]}. */
  static Matrix column(Operand t, int image, int head) {
    List<Long> s = t.layout().strides();
    long offset = t.layout().offset() + image * s.get(0) + head * s.get(1);
    return new Matrix(t.data(), offset, t.shape().dim(2), 1, s.get(2), 1);
  }

  /** Some queries of one head. */
  private static final class Tile {
    private final Blocks blocks;
    private final Scratch.Local local;
    private final Matrix q;
    private final Matrix k;
    private final Matrix v;
    private final float scale;
    private final int size;
    private final int block;
    private final int line;

    // In the blocks' working memory: keys of a block, then values, as rows of the transpose.
    private final int values;

    // At local.memory: panels of queries; for each of them the sums of weighted values,
    // [paddedSize][WIDTH], the maxima and the sums of weights, [WIDTH]; scores of a panel for a
    // block of keys, [keys][WIDTH]; the weights that they become, if these lie apart.
    private final long sums;
    private final long state;
    private final long scores;

    // Of the panel of queries at hand: maxima, or what to rescale by; behind them sums.
    private final long maxima;

    Tile(Scratch.Local local, Matrix q, Matrix k, Matrix v, float scale) {
      this.blocks = local.blocks;
      this.local = local;
      this.q = q;
      this.k = k;
      this.v = v;
      this.scale = scale;
      this.size = q.cols();
      this.line = blocks.leftLine(size);
      int height = blocks.height();
      this.block = fitting(line, height, Math.ceilDiv(MOST_KEYS, height) * height);
      this.values = block * line;
      this.sums = local.memory + bytes(FILLED);
      this.state = bytes(blocks.padded(size) * WIDTH);
      this.maxima = local.rows;
      this.scores = local.memory + bytes(Scratch.Local.MEMORY - 2 * SCORES);
    }

    private long queries(int panel) {
      return local.memory + bytes(panel * Math.max(size, blocks.rightLine(size)) * WIDTH);
    }

    private long sums(int panel) {
      return sums + panel * (state + 2 * ROW);
    }

    void attend(int first, int count) {
      int height = blocks.height();
      int panels = MicroKernel.panels(count);
      float factor = 1;
      for (int p = 0; p < panels; p++) {
        factor = blocks.scaled(local, q, first / WIDTH + p, scale, queries(p));
      }
      for (int key = 0; key < k.rows(); key += block) {
        int keys = Math.min(block, k.rows() - key);
        for (int i = 0; i < keys; i += height) {
          blocks.left(local, k, key + i, blocks.height(keys - i), 0, size, i * line);
        }
        int across = blocks.leftLine(keys);
        for (int i = 0; i < size; i += height) {
          int rows = blocks.height(size - i);
          blocks.left(local, v.transposed(), i, rows, key, keys, values + i * across);
        }
        for (int p = 0; p < panels; p++) {
          long weights = score(keys, queries(p), factor, sums(p) + state, key > 0);
          weigh(keys, weights, sums(p), key > 0);
        }
      }
    }

    /**
     * Weights of a block of keys; updates the maxima and the sums of a panel of queries.
     *
     * @return where the weights are
     */
    private long score(int keys, long queries, float factor, long state, boolean more) {
      for (int i = 0; i < keys; i += blocks.height()) {
        int height = blocks.height(keys - i);
        blocks.multiply(height, i * line, queries, size, local.tile);
        if (factor != 1) {
          scale(height, factor);
        }
        int count = Math.min(height, keys - i) * WIDTH;
        MemorySegment.copy(local.tile, 0, Lanes.MEMORY, Panel.FLOAT, scores + i * ROW, count);
      }
      maxima(keys);
      for (long lane = 0; more && lane < ROW; lane += BYTES) {
        store(larger(load(state + lane), load(maxima + lane)), maxima + lane);
      }
      exponentials(keys);
      for (long lane = 0; lane < ROW; lane += BYTES) {
        update(state + lane, lane, more);
      }
      return blocks.rounded(local, scores, keys, scores + bytes(SCORES));
    }

    // What a first block of keys does not need is apart from the loops: were it in them, C2 would
    // throw them away when it is first needed, and its second versions allocate vectors.

    /** Takes the maxima of the scores. */
    private void maxima(int keys) {
      if (MAXIMA.isPresent()) {
        local.addresses[0] = scores;
        local.addresses[1] = maxima;
        MAXIMA.get().run(local.addresses, keys);
        return;
      }
      for (int lane = 0; lane < ROW; lane += BYTES) {
        FloatVector max = FloatVector.broadcast(F32, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < keys; i++) {
          max = larger(load(scores + i * ROW + lane), max);
        }
        store(max, maxima + lane);
      }
    }

    /** The first where it is larger than the second: a NaN is left to the exponential. */
    private static FloatVector larger(FloatVector x, FloatVector max) {
      return max.blend(x, x.compare(VectorOperators.GT, max));
    }

    /** Takes the exponentials of the scores less their maxima, and their sums. */
    private void exponentials(int keys) {
      if (EXPONENTIALS.isPresent()) {
        local.addresses[0] = scores;
        local.addresses[1] = maxima;
        EXPONENTIALS.get().run(local.addresses, keys);
        return;
      }
      for (int lane = 0; lane < WIDTH; lane += COUNT) {
        exponentials(keys, scores + bytes(lane), bytes(lane));
      }
    }

    private void exponentials(int keys, long column, long lane) {
      FloatVector max = load(maxima + lane);
      FloatVector sum = FloatVector.zero(F32);
      long at = column;
      for (int i = 0; i < keys; i++) {
        FloatVector e = VectorMath.exp(load(at).sub(max));
        sum = sum.add(e);
        store(e, at);
        at += ROW;
      }
      store(sum, maxima + ROW + lane);
    }

    /** Updates maximum and sum of a vector of queries; leaves in their place what to rescale by. */
    private void update(long state, long lane, boolean more) {
      FloatVector max = load(maxima + lane);
      FloatVector sum = load(maxima + ROW + lane);
      if (more) {
        FloatVector factor = VectorMath.exp(load(state).sub(max));
        store(factor, maxima + lane);
        sum = factor.fma(load(state + ROW), sum);
      }
      store(max, state);
      store(sum, state + ROW);
    }

    private void scale(int rows, float factor) {
      float[] tile = local.tile;
      for (int i = 0; i < rows * WIDTH; i += COUNT) {
        FloatVector.fromArray(F32, tile, i).mul(factor).intoArray(tile, i);
      }
    }

    /** Adds the values of a block of keys, weighted. */
    private void weigh(int keys, long weights, long sums, boolean more) {
      int across = blocks.leftLine(keys);
      for (int i = 0; i < size; i += blocks.height()) {
        int height = blocks.height(size - i);
        blocks.multiply(height, values + i * across, weights, keys, local.tile);
        if (more) {
          add(height, sums + i * ROW);
        } else {
          int count = height * WIDTH;
          MemorySegment.copy(local.tile, 0, Lanes.MEMORY, Panel.FLOAT, sums + i * ROW, count);
        }
      }
    }

    /** Adds to the sums, rescaled. */
    private void add(int height, long sums) {
      float[] tile = local.tile;
      FloatVector factor0 = load(maxima);
      FloatVector factor1 = load(maxima + BYTES);
      long at = sums;
      for (int i = 0; i < height * WIDTH; i += WIDTH) {
        FloatVector x0 = FloatVector.fromArray(F32, tile, i);
        FloatVector x1 = FloatVector.fromArray(F32, tile, i + COUNT);
        store(factor0.fma(load(at), x0), at);
        store(factor1.fma(load(at + BYTES), x1), at + BYTES);
        at += ROW;
      }
    }

    void finish(int first, int count, Matrix out, Matrix lse) {
      for (int begin = 0; begin < count; begin += WIDTH) {
        long sums = sums(begin / WIDTH);
        finish(sums);
        int present = Math.min(WIDTH, count - begin);
        int row = Turn.rows(sums, size, local.heap);
        Turn.put(local.heap, row, present, size, out, first + begin);
        for (int i = 0; i < present; i++) {
          Lanes.MEMORY.set(Panel.FLOAT, lse.address(first + begin + i, 0), Lanes.get(maxima, i));
        }
      }
    }

    /** Divides sums of weighted values by those of the weights; leaves logarithms at the maxima. */
    private void finish(long sums) {
      if (LOGARITHMS.isPresent()) {
        local.addresses[0] = sums + state;
        local.addresses[1] = maxima;
        LOGARITHMS.get().run(local.addresses, 1);
        local.addresses[0] = sums;
        QUOTIENTS.orElseThrow().run(local.addresses, size);
        return;
      }
      for (long lane = 0; lane < ROW; lane += BYTES) {
        FloatVector max = load(sums + state + lane);
        FloatVector sum = load(sums + state + ROW + lane);
        store(VectorMath.log(sum).add(max), maxima + lane);
        FloatVector factor = FloatVector.broadcast(F32, 1f).div(sum);
        for (int i = 0; i < size; i++) {
          long at = sums + i * ROW + lane;
          store(load(at).mul(factor), at);
        }
      }
    }
  }
}
