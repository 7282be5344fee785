package org.jdit.tensor.cpu.kernel;

import java.util.Arrays;

/**
 * Matrix products {@code C = epilogue(A · B)} of float32 matrices, their elements rounded as the
 * scratch memory's precision says. An element of C is the same whatever the number of rows of A, of
 * threads or of products in the batch.
 *
 * <p>The sum is cut into blocks of terms; for each, A is packed once for all threads (and B, if it
 * is not packed yet), then the threads share out tiles of C.
 */
public final class Gemm {
  /** Most rows of a tile: enough to make up for fetching its panel of B from far away. */
  private static final int TILE_ROWS = 528;

  /** Tiles for each thread, if there are enough rows, so that all end at about the same time. */
  private static final int TILES = 4;

  private final Scratch scratch;
  private final Blocks blocks;
  private final Workers workers;

  /** Products with the given threads and working memory. */
  public Gemm(Scratch scratch) {
    this.scratch = scratch;
    this.blocks = scratch.blocks();
    this.workers = scratch.workers();
  }

  /**
   * One product with a packed right operand.
   *
   * @param a {@code [M, K]}, any strides
   * @param b {@code [K, N]}
   * @param c {@code [M, N]}, column stride 1; overlaps no operand
   * @throws IllegalArgumentException if the sizes do not fit
   */
  public void multiply(Matrix a, PackedMatrix b, Matrix c, Epilogue epilogue) {
    check(a, b.rows(), b.cols(), c, epilogue);
    Run run = new Run(b.blocks(), a, new long[1], c, new long[1], epilogue);
    for (int block = 0; block < Panel.blocks(run.k); block++) {
      int at = block;
      run.rows(0, 1, block, 0, run.n, (item, panel) -> b.address(panel, at));
    }
  }

  /** As the product with a packed operand, with {@code b [K, N]} of any strides. */
  public void multiply(Matrix a, Matrix b, Matrix c, Epilogue epilogue) {
    batched(a, new long[1], b, new long[1], c, new long[1], epilogue);
  }

  /**
   * Many products of one form, shared out over all threads together: product {@code i} is of {@code
   * a}, {@code b} and {@code c} moved on by {@code aOffsets[i]}, {@code bOffsets[i]} and {@code
   * cOffsets[i]} elements. Operands may repeat; results must not overlap.
   *
   * @param a {@code [M, K]}, any strides
   * @param b {@code [K, N]}, any strides
   * @param c {@code [M, N]}, column stride 1
   * @throws IllegalArgumentException if the sizes do not fit
   */
  public void batched(
      Matrix a,
      long[] aOffsets,
      Matrix b,
      long[] bOffsets,
      Matrix c,
      long[] cOffsets,
      Epilogue epilogue) {
    check(a, b.rows(), b.cols(), c, epilogue);
    if (aOffsets.length != cOffsets.length || bOffsets.length != cOffsets.length) {
      throw new IllegalArgumentException("as many offsets are needed for A, B and C");
    }
    checkShifts(a, aOffsets);
    checkShifts(b, bOffsets);
    checkShifts(c, cOffsets);
    Run run = new Run(blocks, a, aOffsets, c, cOffsets, epilogue);
    Matrix columns = b.transposed();
    int width = MicroKernel.WIDTH;
    int depth = Math.max(1, Panel.depth(run.k));
    int panels = MicroKernel.panels(run.n);
    int most = Scratch.RIGHT / (blocks.rightLine(depth) * width);
    int together = Math.clamp(most / Math.max(1, panels), 1, run.itemsThatFit());
    for (int item = 0; item < cOffsets.length; item += together) {
      int first = item;
      int items = Math.min(together, cOffsets.length - item);
      for (int start = 0; start < panels; start += most) {
        int from = start;
        int count = Math.min(most, panels - start);
        for (int block = 0; block < Panel.blocks(run.k); block++) {
          int term = block * depth;
          int terms = Math.min(depth, run.k - term);
          long bytes = (long) blocks.rightLine(terms) * width * Float.BYTES;
          workers.run(
              items * count,
              (tile, worker) ->
                  blocks.right(
                      scratch.local(worker),
                      columns.shifted(bOffsets[first + tile / count]),
                      from + tile % count,
                      term,
                      terms,
                      scratch.right + tile * bytes));
          run.rows(
              first,
              items,
              block,
              from * width,
              Math.min(run.n, (from + count) * width),
              (i, panel) -> scratch.right + ((long) (i - first) * count + panel - from) * bytes);
        }
      }
    }
  }

  private static void check(Matrix a, int k, int n, Matrix c, Epilogue epilogue) {
    if (a.cols() != k || c.rows() != a.rows() || c.cols() != n || (n > 1 && c.colStride() != 1)) {
      throw new IllegalArgumentException(
          "[%d, %d] · [%d, %d] does not give a row-major [%d, %d]"
              .formatted(a.rows(), a.cols(), k, n, c.rows(), c.cols()));
    }
    if (epilogue instanceof Epilogue.Affine affine) {
      Bounds.check(affine.bias(), affine.offset(), n);
    }
  }

  private static void checkShifts(Matrix m, long[] offsets) {
    if (offsets.length > 0) {
      m.shifted(Arrays.stream(offsets).min().getAsLong());
      m.shifted(Arrays.stream(offsets).max().getAsLong());
    }
  }

  /** Where a panel of B lies. */
  @FunctionalInterface
  private interface Right {
    long address(int item, int panel);
  }

  /** One call: its operands but B. */
  private final class Run {
    final int k;
    final int n;
    private final Blocks blocks;
    private final Matrix a;
    private final long[] aOffsets;
    private final Matrix c;
    private final long[] cOffsets;
    private final Epilogue epilogue;

    Run(Blocks blocks, Matrix a, long[] aOffsets, Matrix c, long[] cOffsets, Epilogue epilogue) {
      this.blocks = blocks;
      this.k = a.cols();
      this.n = c.cols();
      this.a = a;
      this.aOffsets = aOffsets;
      this.c = c;
      this.cOffsets = cOffsets;
      this.epilogue = epilogue;
    }

    /** How many products' left operands fit the scratch memory at once; at least one. */
    int itemsThatFit() {
      int line = Math.max(1, blocks.leftLine(Panel.depth(k)));
      int each = line * Math.max(1, blocks.padded(a.rows()));
      return Math.max(1, Scratch.LEFT / each);
    }

    /** All rows of the columns {@code from} to {@code to} of some products, one block of terms. */
    void rows(int first, int items, int block, int from, int to, Right right) {
      int height = blocks.height();
      int most = Scratch.LEFT / Math.max(1, blocks.leftLine(Panel.depth(k))) / height * height;
      for (int row = 0; row < a.rows(); row += most) {
        int rows = Math.min(most, a.rows() - row);
        packLeft(first, items, block, row, rows);
        multiply(first, items, block, row, rows, from, to, right);
      }
    }

    private void packLeft(int first, int items, int block, int row, int rows) {
      int height = blocks.height();
      int panels = Math.ceilDiv(rows, height);
      int depth = Panel.depth(k);
      int term = block * depth;
      int terms = Math.min(depth, k - term);
      workers.run(
          items * panels,
          (tile, worker) -> {
            int item = tile / panels;
            int begin = tile % panels * height;
            blocks.left(
                scratch.local(worker),
                a.shifted(aOffsets[first + item]),
                row + begin,
                blocks.height(rows - begin),
                term,
                terms,
                (item * blocks.padded(rows) + begin) * blocks.leftLine(terms));
          });
    }

    private void multiply(
        int first, int items, int block, int row, int rows, int from, int to, Right right) {
      int width = MicroKernel.WIDTH;
      int panels = MicroKernel.panels(to - from);
      int tileRows = tileRows(rows, items * panels);
      int groups = Math.ceilDiv(rows, tileRows);
      int depth = Panel.depth(k);
      int terms = Math.min(depth, k - block * depth);
      workers.run(
          items * groups * panels,
          (tile, worker) -> {
            int item = tile / (groups * panels);
            int begin = tile / panels % groups * tileRows;
            int column = from + tile % panels * width;
            column(
                scratch.local(worker),
                terms,
                (item * blocks.padded(rows) + begin) * blocks.leftLine(terms),
                Math.min(tileRows, rows - begin),
                right.address(first + item, column / width),
                column,
                c.address(row + begin, column) + cOffsets[first + item] * Float.BYTES,
                block > 0,
                block == Panel.blocks(k) - 1);
          });
    }

    private int tileRows(int rows, int columns) {
      int high = Math.ceilDiv(rows, blocks.height());
      int wanted = Math.ceilDiv(TILES * workers.threads(), Math.max(1, columns));
      int groups = Math.clamp(wanted, Math.ceilDiv(rows, TILE_ROWS), high);
      return Math.ceilDiv(high, groups) * blocks.height();
    }

    /** The rows of one tile, one panel of columns. */
    private void column(
        Scratch.Local local,
        int terms,
        int left,
        int rows,
        long right,
        int column,
        long to,
        boolean add,
        boolean last) {
      int cols = Math.min(MicroKernel.WIDTH, n - column);
      float[] tile = local.tile;
      long b = blocks.ready(local, right, terms);
      Finish.prepare(epilogue, column, cols, local.row);
      for (int i = 0; i < rows; i += blocks.height()) {
        int height = blocks.height(rows - i);
        int present = Math.min(height, rows - i);
        long at = to + i * c.rowStride() * Float.BYTES;
        blocks.multiply(height, left + i * blocks.leftLine(terms), b, terms, tile);
        if (add) {
          Finish.add(tile, present, cols, at, c.rowStride());
        }
        if (last) {
          Finish.apply(epilogue, tile, present, local.row);
        }
        Finish.put(tile, present, cols, at, c.rowStride());
      }
    }
  }
}
