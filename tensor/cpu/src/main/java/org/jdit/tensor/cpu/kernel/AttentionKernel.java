package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.BYTES;
import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.F32;
import static org.jdit.tensor.cpu.kernel.Lanes.load;
import static org.jdit.tensor.cpu.kernel.Lanes.store;

import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.spi.Precision;

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
 */
public final class AttentionKernel {
  private static final int WIDTH = MicroKernel.WIDTH;
  private static final int HEIGHT = MicroKernel.HEIGHT;

  /** Floats of a block of keys, of values, of the queries of a tile. */
  private static final int BLOCK = 1 << 16;

  /** A multiple of the heights of all micro-kernels. */
  private static final int MOST_KEYS = 504;

  private static final int MOST_QUERIES = 512;

  /** The largest head size: the queries of one panel fill their room. */
  public static final int MAX_HEAD_SIZE = BLOCK / 32;

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
                      scratch.precision(),
                      scratch.local(worker),
                      head(q, image, head),
                      head(k, image, head),
                      head(v, image, head),
                      (float) scale);
              int first = tile % parts * together;
              int count = Math.min(together, queries - first);
              t.attend(first, count);
              t.finish(first, count, head(out, image, head), lse, image, head);
            });
  }

  /** How many vectors of a size fit a block: a multiple of {@code step}, at least one step. */
  private static int fitting(int size, int step, int most) {
    int steps = BLOCK / (Math.max(1, size) * step);
    return Math.min(Math.max(1, steps) * step, most);
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

  /** Some queries of one head. */
  private static final class Tile {
    private final Precision precision;
    private final Scratch.Local local;
    private final Matrix q;
    private final Matrix k;
    private final Matrix v;
    private final float scale;
    private final int size;
    private final int paddedSize;

    // In local.heap: keys and values of a block, then for each panel of queries the sums of
    // weighted values [paddedSize][WIDTH], the maxima [WIDTH] and the sums of weights [WIDTH].
    private final int values;
    private final int sums;
    private final int panel;

    Tile(Precision precision, Scratch.Local local, Matrix q, Matrix k, Matrix v, float scale) {
      this.precision = precision;
      this.local = local;
      this.q = q;
      this.k = k;
      this.v = v;
      this.scale = scale;
      this.size = q.cols();
      this.paddedSize = MicroKernel.padded(size);
      int keys = keysOfBlock();
      this.values = MicroKernel.padded(keys) * size;
      this.sums = values + keys * paddedSize;
      this.panel = (paddedSize + 2) * WIDTH;
    }

    private int keysOfBlock() {
      return fitting(size, HEIGHT, MOST_KEYS);
    }

    /** Address of a panel of queries, {@code [size][WIDTH]}. */
    private long queries(int panelIndex) {
      return local.memory + (long) panelIndex * size * WIDTH * Float.BYTES;
    }

    /** Address of the scores of one panel of queries for a block of keys, {@code [keys][WIDTH]}. */
    private long scores() {
      return local.memory + (Scratch.Local.MEMORY - MOST_KEYS * WIDTH) * (long) Float.BYTES;
    }

    void attend(int first, int count) {
      int panels = MicroKernel.panels(count);
      packQueries(first, panels);
      int block = keysOfBlock();
      for (int key = 0; key < k.rows(); key += block) {
        int keys = Math.min(block, k.rows() - key);
        for (int i = 0; i < keys; i += HEIGHT) {
          int height = MicroKernel.height(keys - i);
          Panel.pack(precision, k, key + i, height, 0, size, local.heap, i * size);
        }
        for (int i = 0; i < size; i += HEIGHT) {
          int height = MicroKernel.height(size - i);
          int at = values + i * keys;
          Panel.pack(precision, v.transposed(), i, height, key, keys, local.heap, at);
        }
        for (int p = 0; p < panels; p++) {
          int sum = sums + p * panel;
          score(keys, queries(p), sum + paddedSize * WIDTH, key > 0);
          weigh(keys, sum, key > 0);
        }
      }
    }

    private void packQueries(int first, int panels) {
      float[] buffer = local.heap;
      for (int p = 0; p < panels; p++) {
        Panel.pack(precision, q, first + p * WIDTH, WIDTH, 0, size, buffer, 0);
        long to = queries(p);
        for (int i = 0; i < size * WIDTH; i += COUNT) {
          store(FloatVector.fromArray(F32, buffer, i).mul(scale), to + (long) i * Float.BYTES);
        }
      }
    }

    /** Scores of a block of keys; their exponentials take their place. */
    private void score(int keys, long queries, int state, boolean more) {
      long to = scores();
      for (int i = 0; i < keys; i += HEIGHT) {
        int height = MicroKernel.height(keys - i);
        MicroKernel.multiply(height, local.heap, i * size, queries, size, local.tile);
        Finish.put(local.tile, Math.min(height, keys - i), WIDTH, to, WIDTH);
        to += (long) height * WIDTH * Float.BYTES;
      }
      for (int lane = 0; lane < WIDTH; lane += COUNT) {
        softmax(keys, scores() + (long) lane * Float.BYTES, state + lane, lane, more);
      }
    }

    /** Updates maximum and sum of a vector of queries; leaves in local.row what to rescale by. */
    private void softmax(int keys, long column, int state, int lane, boolean more) {
      float[] heap = local.heap;
      FloatVector before =
          more
              ? FloatVector.fromArray(F32, heap, state)
              : FloatVector.broadcast(F32, Float.NEGATIVE_INFINITY);
      FloatVector max = before;
      long at = column;
      for (int i = 0; i < keys; i++) {
        FloatVector x = load(at);
        max = max.blend(x, x.compare(VectorOperators.GT, max));
        at += 2L * BYTES;
      }
      boolean rounded = precision == Precision.BF16;
      FloatVector sum = FloatVector.zero(F32);
      at = column;
      for (int i = 0; i < keys; i++) {
        FloatVector e = VectorMath.exp(load(at).sub(max));
        sum = sum.add(e);
        store(rounded ? Bfloat16.round(e) : e, at);
        at += 2L * BYTES;
      }
      if (more) {
        FloatVector factor = VectorMath.exp(before.sub(max));
        factor.intoArray(local.row, lane);
        sum = factor.fma(FloatVector.fromArray(F32, heap, state + WIDTH), sum);
      }
      max.intoArray(heap, state);
      sum.intoArray(heap, state + WIDTH);
    }

    /** Adds the values of a block of keys, weighted. */
    private void weigh(int keys, int sum, boolean more) {
      float[] tile = local.tile;
      for (int i = 0; i < size; i += HEIGHT) {
        int height = MicroKernel.height(size - i);
        MicroKernel.multiply(height, local.heap, values + i * keys, scores(), keys, tile);
        if (more) {
          rescale(sum + i * WIDTH, height);
        } else {
          System.arraycopy(tile, 0, local.heap, sum + i * WIDTH, height * WIDTH);
        }
      }
    }

    private void rescale(int sum, int height) {
      for (int i = 0; i < height * WIDTH; i += COUNT) {
        FloatVector.fromArray(F32, local.heap, sum + i)
            .fma(
                FloatVector.fromArray(F32, local.row, i % WIDTH),
                FloatVector.fromArray(F32, local.tile, i))
            .intoArray(local.heap, sum + i);
      }
    }

    /** Divides by the sums of weights and writes the results. */
    void finish(int first, int count, Matrix out, Operand lse, int image, int head) {
      for (int begin = 0; begin < count; begin += WIDTH) {
        int sum = sums + begin / WIDTH * panel;
        int state = sum + paddedSize * WIDTH;
        for (int i = 0; i < size * WIDTH; i += COUNT) {
          FloatVector.fromArray(F32, local.heap, sum + i)
              .div(FloatVector.fromArray(F32, local.heap, state + WIDTH + i % WIDTH))
              .intoArray(local.heap, sum + i);
        }
        for (int j = 0; j < WIDTH; j += COUNT) {
          VectorMath.log(FloatVector.fromArray(F32, local.heap, state + WIDTH + j))
              .add(FloatVector.fromArray(F32, local.heap, state + j))
              .intoArray(local.row, j);
        }
        int present = Math.min(WIDTH, count - begin);
        for (int i = 0; i < present; i++) {
          unpack(sum + i, out.address(first + begin + i, 0), out.colStride() * Float.BYTES);
          lse.data().set(Panel.FLOAT, at(lse, image, head, first + begin + i), local.row[i]);
        }
      }
    }

    private void unpack(int from, long to, long step) {
      int at = from;
      long address = to;
      for (int i = 0; i < size; i++) {
        Lanes.MEMORY.set(Panel.FLOAT, address, local.heap[at]);
        at += WIDTH;
        address += step;
      }
    }

    private static long at(Operand lse, int image, int head, int query) {
      List<Long> s = lse.layout().strides();
      return (lse.layout().offset() + image * s.get(0) + head * s.get(1) + query * s.get(2))
          * Float.BYTES;
    }
  }
}
