package org.jdit.tensor.tornado.kernel;

import java.util.Arrays;
import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import org.jdit.tensor.op.Linear;
import org.jdit.tensor.program.Layouts;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Matrix products {@code C = A · B}, {@code A [M, K]} and {@code B [K, N]} under any strides, with
 * fp32 sums in a fixed order, and what follows a product fused into it.
 *
 * <p>Many rows: a group of 128 threads makes a tile of 64 x 64, for which it brings slices of 16
 * columns of A and 16 rows of B to local memory (8448 bytes); each thread sums 8 x 4 elements in
 * registers. Few rows, where reading B is all the work: a group of 64 threads makes 4 columns, for
 * which threads sum every 16th product, and adds these sums up in local memory (2048 bytes).
 */
public final class GemmKernel {
  /** Columns of a group's tile, and its rows where there are as many. */
  static final int TILE = 64;

  /** Columns of A and rows of B that lie in local memory at a time. */
  static final int DEPTH = 16;

  /** Threads that make a tile: {@link #ACROSS} for its columns, {@link #DOWN} for its rows. */
  static final int THREADS = 128;

  static final int ACROSS = 16;
  static final int DOWN = 8;

  /**
   * Neighbouring rows of a tile that a thread sums, in 4 columns that lie {@link #ACROSS} apart.
   */
  static final int ROWS = TILE / DOWN;

  /** Distance of rows in local memory: 2 more than a tile, so that stores spread over all banks. */
  static final int PITCH = TILE + 2;

  private static final int FEW_ROWS = 8;
  private static final int FEW_THREADS = 64;

  /** The same for every layout of B, so that sums are. */
  private static final int FEW_COLUMNS = 4;

  // What happens to a sum before it is stored.
  static final int PLAIN = 0;
  static final int BIAS = 1;
  static final int BIAS_GELU = 2;
  static final int BIAS_SILU = 3;

  /** Where the places of products begin in a kernel's table, three for each product. */
  private static final int PLACES = 12;

  private GemmKernel() {}

  /**
   * {@code activation(x · wᵀ + bias)}.
   *
   * @param x {@code [..., K]}, whose leading axes form rows without a copy
   * @param w {@code [N, K]}
   * @param bias {@code [N]}
   * @param out {@code [..., N]}, contiguous, not empty
   */
  public static Launch linear(Frame f, Linear op, Operand x, Operand w, Operand bias, Operand out) {
    Operand rows = x.with(Layouts.rows(x.layout()).orElseThrow());
    int epilogue =
        switch (op.activation()) {
          case NONE -> BIAS;
          case GELU -> BIAS_GELU;
          case SILU -> BIAS_SILU;
        };
    int[] places = {rows.offset(), w.offset(), out.offset()};
    return product(f, "linear", rows, w.permute(List.of(1, 0)), bias, epilogue, out, places);
  }

  /**
   * {@code a · b} for each index of the broadcast leading axes.
   *
   * @param a {@code [..., M, K]}
   * @param b {@code [..., K, N]}
   * @param out {@code [..., M, N]}, contiguous, not empty
   */
  public static Launch matmul(Frame f, Operand a, Operand b, Operand out) {
    // One matrix for all of a's leading axes makes taller tiles.
    boolean rows = b.shape().rank() == 2;
    Operand left = rows ? Layouts.rows(a.layout()).map(a::with).orElse(a) : a;
    boolean single = rows && left.shape().rank() == 2;
    Shape leading = single ? Shape.SCALAR : out.shape().sub(0, out.shape().rank() - 2);
    Shape matrix = Shape.of(left.shape().dim(-2), b.shape().dim(-1));
    int[] atA = offsets(left, leading);
    int[] atB = offsets(b, leading);
    int[] places = new int[3 * atA.length];
    for (int i = 0; i < atA.length; i++) {
      places[3 * i] = atA[i];
      places[3 * i + 1] = atB[i];
      places[3 * i + 2] = Math.toIntExact(out.offset() + i * matrix.numel());
    }
    return product(f, "matmul", left, b, left, PLAIN, out, places);
  }

  /** Where each matrix of a batch begins. */
  private static int[] offsets(Operand x, Shape batch) {
    Shape matrix = x.shape().sub(x.shape().rank() - 2, x.shape().rank());
    Strided layout = x.layout().expand(batch.plus(matrix));
    int[] offsets = new int[Math.toIntExact(batch.numel())];
    for (int i = 0; i < offsets.length; i++) {
      long at = layout.offset();
      int left = i;
      for (int axis = batch.rank() - 1; axis >= 0; axis--) {
        at += left % batch.dim(axis) * layout.strides().get(axis);
        left /= batch.dim(axis);
      }
      offsets[i] = Math.toIntExact(at);
    }
    return offsets;
  }

  /** Products of the last two axes of {@code a} and {@code b}, three places for each product. */
  private static Launch product(
      Frame f,
      String name,
      Operand a,
      Operand b,
      Operand bias,
      int epilogue,
      Operand out,
      int[] places) {
    int m = a.shape().dim(-2);
    int n = b.shape().dim(-1);
    int batch = places.length / 3;
    IntArray table = f.tables().of(table(a, b, bias, places));
    boolean few = m <= FEW_ROWS;
    WorkerGrid grid =
        few
            ? Frame.groups(Math.ceilDiv(n, FEW_COLUMNS), 1, batch, FEW_THREADS)
            : Frame.groups(Math.ceilDiv(n, TILE), Math.ceilDiv(m, DOWN * rows(m)), batch, THREADS);
    List<TornadoNativeArray> arrays =
        List.of(f.iteration(), a.array(), b.array(), bias.array(), out.array(), table);
    return new Launch(
        name,
        grid,
        arrays,
        (graph, id) ->
            graph.task(
                id,
                few ? GemmKernel::fewRows : GemmKernel::tiled,
                f.context(),
                f.iteration(),
                a.floats(),
                b.floats(),
                bias.floats(),
                out.floats(),
                table,
                few ? m : rows(m),
                columnStride(a) == 1 ? 1 : 0,
                rowStride(b) == 1 ? 1 : 0,
                columnStride(b) == 1 ? 1 : 0,
                epilogue));
  }

  /** Sizes, strides and steps, then the places of each product. */
  private static int[] table(Operand a, Operand b, Operand bias, int[] places) {
    int[] sizes = {
      a.shape().dim(-2),
      b.shape().dim(-1),
      a.shape().dim(-1),
      rowStride(a),
      columnStride(a),
      rowStride(b),
      columnStride(b),
      a.step(),
      b.step(),
      bias.offset(),
      bias.stride(0),
      bias.step()
    };
    int[] table = Arrays.copyOf(sizes, PLACES + places.length);
    System.arraycopy(places, 0, table, PLACES, places.length);
    return table;
  }

  private static int rowStride(Operand x) {
    return x.stride(x.shape().rank() - 2);
  }

  private static int columnStride(Operand x) {
    return x.stride(x.shape().rank() - 1);
  }

  /** Rows that a thread sums in a tile of a matrix of {@code m} rows: 8, or fewer if enough. */
  static int rows(int m) {
    return Math.min(ROWS, (m + DOWN - 1) / DOWN);
  }

  /** A stride that is known to be 1, or one of the table. */
  private static int stride(int one, IntArray table, int index) {
    return one == 1 ? 1 : table.get(index);
  }

  static float activation(float x, int epilogue) {
    float y = x;
    if (epilogue == BIAS_GELU) {
      y = FloatMath.gelu(x);
    }
    if (epilogue == BIAS_SILU) {
      y = FloatMath.silu(x);
    }
    return y;
  }

  static void tiled(
      KernelContext context,
      IntArray iteration,
      FloatArray a,
      FloatArray b,
      FloatArray bias,
      FloatArray c,
      IntArray table,
      int rows,
      int aRowMajor,
      int bColumnMajor,
      int bRowMajor,
      int epilogue) {
    int m = table.get(0);
    int n = table.get(1);
    int k = table.get(2);
    int aRow = table.get(3);
    int aColumn = stride(aRowMajor, table, 4);
    int bRow = stride(bColumnMajor, table, 5);
    int bColumn = stride(bRowMajor, table, 6);
    float[] aSlice = context.allocateFloatLocalArray(DEPTH * PITCH);
    float[] bSlice = context.allocateFloatLocalArray(DEPTH * PITCH);
    int thread = context.localIdx;
    int across = thread % ACROSS;
    int down = thread / ACROSS;
    int row = context.groupIdy * (DOWN * rows);
    int column = context.groupIdx * TILE;
    int t = iteration.get(0);
    int place = PLACES + context.groupIdz * 3;
    int aFrom = table.get(place) + t * table.get(7);
    int bFrom = table.get(place + 1) + t * table.get(8);
    // Neighbouring threads read neighbouring elements, whichever axis these lie along.
    int aDeep = aRowMajor == 1 ? thread % DEPTH : thread / TILE;
    int aDeeper = aRowMajor == 1 ? 0 : THREADS / TILE;
    int aSide = aRowMajor == 1 ? thread / DEPTH : thread % TILE;
    int aAside = aRowMajor == 1 ? THREADS / DEPTH : 0;
    int bDeep = bColumnMajor == 1 ? thread % DEPTH : thread / TILE;
    int bDeeper = bColumnMajor == 1 ? 0 : THREADS / TILE;
    int bSide = bColumnMajor == 1 ? thread / DEPTH : thread % TILE;
    int bAside = bColumnMajor == 1 ? THREADS / DEPTH : 0;
    // Unrolled, all loops over sums leave them in registers.
    float[] sums = new float[4 * ROWS];
    for (int i = 0; i < 4 * ROWS; i++) {
      sums[i] = 0f;
    }
    for (int from = 0; from < k; from += DEPTH) {
      for (int i = 0; i < TILE * DEPTH / THREADS; i++) {
        // Beside the matrices, their last row and column fill the tile, and are not stored.
        int ak = aDeep + i * aDeeper;
        int am = aSide + i * aAside;
        aSlice[ak * PITCH + am] =
            from + ak < k
                ? a.get(aFrom + Math.min(row + am, m - 1) * aRow + (from + ak) * aColumn)
                : 0f;
        int bk = bDeep + i * bDeeper;
        int bn = bSide + i * bAside;
        bSlice[bk * PITCH + bn] =
            from + bk < k
                ? b.get(bFrom + (from + bk) * bRow + Math.min(column + bn, n - 1) * bColumn)
                : 0f;
      }
      context.localBarrier();
      for (int d = 0; d < DEPTH; d++) {
        float y0 = bSlice[d * PITCH + across];
        float y1 = bSlice[d * PITCH + across + ACROSS];
        float y2 = bSlice[d * PITCH + across + 2 * ACROSS];
        float y3 = bSlice[d * PITCH + across + 3 * ACROSS];
        for (int i = 0; i < rows; i++) {
          float x = aSlice[d * PITCH + down * rows + i];
          sums[i] += x * y0;
          sums[ROWS + i] += x * y1;
          sums[2 * ROWS + i] += x * y2;
          sums[3 * ROWS + i] += x * y3;
        }
      }
      context.localBarrier();
    }
    int biasFrom = table.get(9) + t * table.get(11);
    for (int j = 0; j < 4; j++) {
      int s = Math.min(column + across + j * ACROSS, n - 1);
      float shift = epilogue == PLAIN ? 0f : bias.get(biasFrom + s * table.get(10));
      for (int i = 0; i < rows; i++) {
        sums[j * ROWS + i] = activation(sums[j * ROWS + i] + shift, epilogue);
      }
    }
    int cFrom = table.get(place + 2);
    for (int i = 0; i < rows; i++) {
      int r = row + down * rows + i;
      for (int j = 0; j < 4; j++) {
        int s = column + across + j * ACROSS;
        if (r < m && s < n) {
          c.set(cFrom + r * n + s, sums[j * ROWS + i]);
        }
      }
    }
  }

  static void fewRows(
      KernelContext context,
      IntArray iteration,
      FloatArray a,
      FloatArray b,
      FloatArray bias,
      FloatArray c,
      IntArray table,
      int m,
      int aRowMajor,
      int bColumnMajor,
      int bRowMajor,
      int epilogue) {
    int n = table.get(1);
    int k = table.get(2);
    int aRow = table.get(3);
    int aColumn = stride(aRowMajor, table, 4);
    int bRow = stride(bColumnMajor, table, 5);
    int bColumn = stride(bRowMajor, table, 6);
    float[] parts = context.allocateFloatLocalArray(FEW_ROWS * FEW_THREADS);
    int thread = context.localIdx;
    int lanes = FEW_THREADS / FEW_COLUMNS;
    int lane = bColumnMajor == 1 ? thread % lanes : thread / FEW_COLUMNS;
    int side = bColumnMajor == 1 ? thread / lanes : thread % FEW_COLUMNS;
    int column = context.groupIdx * FEW_COLUMNS;
    int t = iteration.get(0);
    int place = PLACES + context.groupIdz * 3;
    int aFrom = table.get(place) + t * table.get(7);
    int bFrom = table.get(place + 1) + t * table.get(8);
    float[] sums = new float[FEW_ROWS];
    for (int i = 0; i < FEW_ROWS; i++) {
      sums[i] = 0f;
    }
    // Threads beside the matrix sum its last column, too, and do not store it.
    int read = Math.min(column + side, n - 1);
    for (int d = lane; d < k; d += lanes) {
      float y = b.get(bFrom + d * bRow + read * bColumn);
      for (int i = 0; i < m; i++) {
        sums[i] += a.get(aFrom + i * aRow + d * aColumn) * y;
      }
    }
    for (int i = 0; i < m; i++) {
      parts[(i * FEW_COLUMNS + side) * lanes + lane] = sums[i];
    }
    context.localBarrier();
    int cFrom = table.get(place + 2);
    int biasFrom = table.get(9) + t * table.get(11);
    for (int e = thread; e < m * FEW_COLUMNS; e += FEW_THREADS) {
      int s = column + e % FEW_COLUMNS;
      if (s < n) {
        float sum = 0f;
        for (int l = 0; l < lanes; l++) {
          sum += parts[e * lanes + l];
        }
        float shift = epilogue == PLAIN ? 0f : bias.get(biasFrom + s * table.get(10));
        c.set(cFrom + e / FEW_COLUMNS * n + s, activation(sum + shift, epilogue));
      }
    }
  }
}
