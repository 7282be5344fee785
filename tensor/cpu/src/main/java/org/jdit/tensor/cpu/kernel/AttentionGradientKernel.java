package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.BYTES;
import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.F32;
import static org.jdit.tensor.cpu.kernel.Lanes.load;
import static org.jdit.tensor.cpu.kernel.Lanes.store;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.JditException;
import org.jdit.tensor.cpu.machine.LoopWriter;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;
import org.jdit.tensor.cpu.machine.VectorLoop;
import org.jdit.tensor.spi.Precision;

/**
 * The gradient of attention without the matrices of all probabilities and their cotangents. A head
 * is the work of one thread, so results do not depend on their number.
 *
 * <p>As in {@link AttentionKernel}, queries lie side by side in the lanes of vectors. For a block
 * of keys and a panel of queries the scores and the cotangents of the probabilities come out with a
 * row for each key, and so do those of the scores, {@code dS}: the right operand that {@code dQᵀ =
 * Kᵀ dSᵀ} wants. Transposed into panels they are the left operands of {@code dV = Pᵀ dO} and {@code
 * dK = dSᵀ Q}, which are taken for a block of queries at once.
 */
public final class AttentionGradientKernel {
  private static final int WIDTH = MicroKernel.WIDTH;
  private static final int HEIGHT = MicroKernel.HEIGHT;

  private static final int MOST_QUERIES = 256;
  private static final int MOST_KEYS = 132;

  /** Floats of the queries of a block, and of its keys times their size or the queries. */
  private static final int QUERIES = 40_000;

  private static final int KEYS = 60_000;

  /**
   * In machine code: the scores at the first address become probabilities, less the first row at
   * the third address in the exponent; the cotangents of these at the second become the scores',
   * less the second row and times the number behind it.
   */
  private static final Optional<VectorLoop> SOFTMAX_GRADIENT = loop();

  private final Scratch scratch;

  /** The gradient with the given threads and working memory. */
  public AttentionGradientKernel(Scratch scratch) {
    this.scratch = scratch;
  }

  private static Optional<VectorLoop> loop() {
    LoopWriter x = new LoopWriter();
    int factor = x.constant(2, 2 * WIDTH);
    for (int i = 0; i < 2; i++) {
      Place p = new Place(0, i, 2);
      Place ds = new Place(1, i, 2);
      int e = Loops.exp(x, x.sub(x.vector(p), x.fixed(new Place(2, i, 0))));
      int less = x.sub(x.vector(ds), x.fixed(new Place(2, 2 + i, 0)));
      x.store(e, p);
      x.store(x.mul(x.mul(e, less), factor), ds);
    }
    return Loops.load(x);
  }

  /**
   * What the gradient is taken of, all float32 with any strides.
   *
   * @param q {@code [B, H, T, D]}
   * @param k {@code [B, H, S, D]}
   * @param v {@code [B, H, S, D]}
   * @param lse {@code [B, H, T]}: log of the sum of exp of the scaled scores
   * @param dOut {@code [B, H, T, D]}: cotangent of the output
   * @param rows {@code [B, H, T]}: what is taken from the cotangents of a row of probabilities
   * @param scale of the scores
   */
  public record Inputs(
      Operand q, Operand k, Operand v, Operand lse, Operand dOut, Operand rows, double scale) {}

  /**
   * Computes the cotangents of q, k and v.
   *
   * @param dq {@code [B, H, T, D]}
   * @param dk {@code [B, H, S, D]}, with unit stride in D
   * @param dv {@code [B, H, S, D]}, with unit stride in D
   * @throws JditException if D is larger than {@link AttentionKernel#MAX_HEAD_SIZE}
   */
  public void run(Inputs in, Operand dq, Operand dk, Operand dv) {
    int heads = in.q.shape().dim(1);
    int size = in.q.shape().dim(3);
    if (size > AttentionKernel.MAX_HEAD_SIZE) {
      throw new JditException(
          "The gradient of attention with heads of size %d is not supported; the largest is %d."
              .formatted(size, AttentionKernel.MAX_HEAD_SIZE));
    }
    scratch
        .workers()
        .run(
            in.q.shape().dim(0) * heads,
            (tile, worker) -> {
              int image = tile / heads;
              int head = tile % heads;
              new Head(scratch.precision(), scratch.local(worker), in, image, head)
                  .run(
                      AttentionKernel.head(dq, image, head),
                      AttentionKernel.head(dk, image, head),
                      AttentionKernel.head(dv, image, head));
            });
  }

  private static final class Head {
    private final Precision precision;
    private final Scratch.Local local;
    private final Matrix q;
    private final Matrix k;
    private final Matrix v;
    private final Matrix dOut;
    private final Matrix lse;
    private final Matrix rows;
    private final double scale;
    private final int size;
    private final int mostQueries;
    private final int mostKeys;

    // In local.heap: left operands of a block.
    private final int keys;
    private final int values;
    private final int keysAcross;
    private final int probabilities;
    private final int cotangents;
    private final int dQueries;

    // At local.memory: right operands of a block, then the probabilities and the cotangents of the
    // scores of one panel of queries, [keys][WIDTH].
    private final long scaled;
    private final long dOutAcross;
    private final long queryRows;
    private final long dOutRows;
    private final long p;
    private final long ds;

    Head(Precision precision, Scratch.Local local, Inputs in, int image, int head) {
      this.precision = precision;
      this.local = local;
      this.q = AttentionKernel.head(in.q, image, head);
      this.k = AttentionKernel.head(in.k, image, head);
      this.v = AttentionKernel.head(in.v, image, head);
      this.dOut = AttentionKernel.head(in.dOut, image, head);
      this.lse = AttentionKernel.column(in.lse, image, head);
      this.rows = AttentionKernel.column(in.rows, image, head);
      this.scale = in.scale;
      this.size = q.cols();
      int width = Math.max(1, size);
      this.mostQueries = multiple(QUERIES / width, WIDTH, MOST_QUERIES);
      this.mostKeys = multiple(KEYS / Math.max(width, mostQueries), HEIGHT, MOST_KEYS);
      int tall = MicroKernel.padded(size);
      this.keys = 0;
      this.values = keys + mostKeys * size;
      this.keysAcross = values + mostKeys * size;
      this.probabilities = keysAcross + tall * mostKeys;
      this.cotangents = probabilities + mostKeys * mostQueries;
      this.dQueries = cotangents + mostKeys * mostQueries;
      int wide = MicroKernel.panels(size) * WIDTH;
      this.scaled = local.memory;
      this.dOutAcross = scaled + bytes(size * mostQueries);
      this.queryRows = dOutAcross + bytes(size * mostQueries);
      this.dOutRows = queryRows + bytes(wide * mostQueries);
      this.p = dOutRows + bytes(wide * mostQueries);
      this.ds = p + bytes(mostKeys * WIDTH);
    }

    private static int multiple(int most, int step, int cap) {
      return Math.min(Math.max(1, most / step) * step, cap / step * step);
    }

    private static long bytes(int floats) {
      return (long) floats * Float.BYTES;
    }

    void run(Matrix dq, Matrix dk, Matrix dv) {
      if (q.rows() == 0) {
        zero(dk);
        zero(dv);
      }
      for (int first = 0; first < q.rows(); first += mostQueries) {
        int count = Math.min(mostQueries, q.rows() - first);
        packQueries(first, count);
        for (int key = 0; key < k.rows(); key += mostKeys) {
          int block = Math.min(mostKeys, k.rows() - key);
          packKeys(key, block);
          for (int from = 0; from < count; from += WIDTH) {
            int lanes = Math.min(WIDTH, count - from);
            scores(first + from, from, lanes, block);
            turn(p, block, probabilities, from, lanes, count);
            turn(ds, block, cotangents, from, lanes, count);
            addQueries(from, block, key > 0);
          }
          product(probabilities, block, dOutRows, count, dv, key, first > 0);
          product(cotangents, block, queryRows, count, dk, key, first > 0);
        }
        writeQueries(dq, first, count);
      }
    }

    private static void zero(Matrix rows) {
      for (int i = 0; i < rows.rows(); i++) {
        Lanes.MEMORY.asSlice(rows.address(i, 0), bytes(rows.cols())).fill((byte) 0);
      }
    }

    private void packQueries(int first, int count) {
      float[] buffer = local.heap;
      float power = (float) scale;
      for (int from = 0; from < count; from += WIDTH) {
        long at = bytes(from * size);
        Panel.pack(precision, q, first + from, WIDTH, 0, size, buffer, 0);
        for (int i = 0; i < size * WIDTH; i += COUNT) {
          store(FloatVector.fromArray(F32, buffer, i).mul(power), scaled + at + bytes(i));
        }
        Panel.packRight(precision, dOut, (first + from) / WIDTH, 0, size, buffer, dOutAcross + at);
      }
      for (int panel = 0; panel < MicroKernel.panels(size); panel++) {
        long at = bytes(panel * WIDTH * count);
        Panel.packRight(precision, q.transposed(), panel, first, count, buffer, queryRows + at);
        Panel.packRight(precision, dOut.transposed(), panel, first, count, buffer, dOutRows + at);
      }
    }

    private void packKeys(int first, int block) {
      for (int i = 0; i < block; i += HEIGHT) {
        int height = MicroKernel.height(block - i);
        Panel.pack(precision, k, first + i, height, 0, size, local.heap, keys + i * size);
        Panel.pack(precision, v, first + i, height, 0, size, local.heap, values + i * size);
      }
      for (int i = 0; i < size; i += HEIGHT) {
        int height = MicroKernel.height(size - i);
        int at = keysAcross + i * block;
        Panel.pack(precision, k.transposed(), i, height, first, block, local.heap, at);
      }
    }

    /** Probabilities and cotangents of the scores of a block of keys and a panel of queries. */
    private void scores(int query, int from, int lanes, int block) {
      long at = bytes(from * size);
      for (int i = 0; i < block; i += HEIGHT) {
        int height = MicroKernel.height(block - i);
        int present = Math.min(height, block - i);
        long to = bytes(i * WIDTH);
        MicroKernel.multiply(height, local.heap, keys + i * size, scaled + at, size, local.tile);
        Finish.PUT.put(local, present, WIDTH, p + to, WIDTH);
        MicroKernel.multiply(
            height, local.heap, values + i * size, dOutAcross + at, size, local.tile);
        Finish.PUT.put(local, present, WIDTH, ds + to, WIDTH);
      }
      for (int i = 0; i < WIDTH; i++) {
        Lanes.set(local.rows, i, i < lanes ? at(lse, query + i) : 0);
        Lanes.set(local.rows, WIDTH + i, i < lanes ? at(rows, query + i) : 0);
      }
      softmaxGradient(block);
      Bfloat16.round(precision, p, block * WIDTH);
      Bfloat16.round(precision, ds, block * WIDTH);
    }

    private static float at(Matrix column, int row) {
      return Lanes.MEMORY.get(Panel.FLOAT, column.address(row, 0));
    }

    private void softmaxGradient(int block) {
      if (SOFTMAX_GRADIENT.isPresent()) {
        Lanes.set(local.rows, 2 * WIDTH, (float) scale);
        local.addresses[0] = p;
        local.addresses[1] = ds;
        local.addresses[2] = local.rows;
        SOFTMAX_GRADIENT.get().run(local.addresses, block);
        return;
      }
      for (long lane = 0; lane < 2L * BYTES; lane += BYTES) {
        softmaxGradient(block, lane);
      }
    }

    private void softmaxGradient(int block, long lane) {
      FloatVector sum = load(local.rows + lane);
      FloatVector less = load(local.rows + 2L * BYTES + lane);
      FloatVector factor = FloatVector.broadcast(F32, (float) scale);
      long at = lane;
      for (int i = 0; i < block; i++) {
        FloatVector e = VectorMath.exp(load(p + at).sub(sum));
        FloatVector d = e.mul(load(ds + at).sub(less)).mul(factor);
        store(e, p + at);
        store(d, ds + at);
        at += 2L * BYTES;
      }
    }

    /** Rows for keys become panels of keys, with the queries as terms. */
    private void turn(long from, int block, int to, int query, int lanes, int count) {
      Matrix m = new Matrix(Lanes.MEMORY, from / Float.BYTES, block, lanes, WIDTH, 1);
      for (int i = 0; i < block; i += HEIGHT) {
        int height = MicroKernel.height(block - i);
        int at = to + i * count + query * height;
        Panel.pack(Precision.FP32, m, i, height, 0, lanes, local.heap, at);
      }
    }

    /** {@code dQᵀ += Kᵀ dSᵀ} for a panel of queries. */
    private void addQueries(int from, int block, boolean more) {
      float[] heap = local.heap;
      float[] tile = local.tile;
      for (int i = 0; i < size; i += HEIGHT) {
        int height = MicroKernel.height(size - i);
        int to = dQueries + from * MicroKernel.padded(size) + i * WIDTH;
        MicroKernel.multiply(height, heap, keysAcross + i * block, ds, block, tile);
        if (!more) {
          System.arraycopy(tile, 0, heap, to, height * WIDTH);
          continue;
        }
        for (int j = 0; j < height * WIDTH; j += COUNT) {
          FloatVector.fromArray(F32, heap, to + j)
              .add(FloatVector.fromArray(F32, tile, j))
              .intoArray(heap, to + j);
        }
      }
    }

    private void writeQueries(Matrix dq, int first, int count) {
      for (int from = 0; from < count; from += WIDTH) {
        int at = dQueries + from * MicroKernel.padded(size);
        MemorySegment.copy(local.heap, at, Lanes.MEMORY, Panel.FLOAT, scaled, size * WIDTH);
        int row = Turn.rows(scaled, size, local.heap);
        int present = Math.min(WIDTH, count - from);
        Turn.put(local.heap, row, present, size, dq, first + from);
      }
    }

    /** The rows of a block of keys of {@code left · right}, over a block of queries. */
    private void product(
        int left, int block, long right, int count, Matrix to, int key, boolean more) {
      for (int panel = 0; panel < MicroKernel.panels(size); panel++) {
        int cols = Math.min(WIDTH, size - panel * WIDTH);
        long columns = right + bytes(panel * WIDTH * count);
        for (int i = 0; i < block; i += HEIGHT) {
          int height = MicroKernel.height(block - i);
          int present = Math.min(height, block - i);
          long at = to.address(key + i, (long) panel * WIDTH);
          MicroKernel.multiply(height, local.heap, left + i * count, columns, count, local.tile);
          (more ? Finish.ADD : Finish.PUT).put(local, present, cols, at, to.rowStride());
        }
      }
    }
  }
}
