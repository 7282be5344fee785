package org.jdit.tensor.cpu.kernel;

import java.util.Arrays;

/**
 * Matrix products {@code C = epilogue(A · B)} of float32 matrices, their elements rounded as the
 * scratch memory's precision says. An element of C is the same whatever the number of rows of A, of
 * threads or of products in the batch.
 *
 * <p>The sum is cut into blocks of terms; for each, A is packed once for all threads, then the
 * threads share out tiles of C, one panel of B each. A panel that is not packed yet is packed for
 * its tile, so that it never leaves the nearer caches.
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
      int terms = run.terms(block);
      run.rows(
          0, 1, block, (local, i, panel) -> b.blocks().ready(local, b.address(panel, at), terms));
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
    int together = run.itemsThatFit();
    for (int item = 0; item < cOffsets.length; item += together) {
      int items = Math.min(together, cOffsets.length - item);
      for (int block = 0; block < Panel.blocks(run.k); block++) {
        int term = block * Panel.depth(run.k);
        int terms = run.terms(block);
        run.rows(
            item,
            items,
            block,
            (local, i, panel) ->
                blocks.right(local, columns.shifted(bOffsets[i]), panel, term, terms));
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

  /** Makes a panel of B ready for many products. */
  @FunctionalInterface
  private interface Right {
    long ready(Scratch.Local local, int item, int panel);
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

    /** Terms of a block. */
    int terms(int block) {
      int depth = Panel.depth(k);
      return Math.min(depth, k - block * depth);
    }

    /** How many products' left operands fit the scratch memory at once; at least one. */
    int itemsThatFit() {
      int line = Math.max(1, blocks.leftLine(Panel.depth(k)));
      int each = line * Math.max(1, blocks.padded(a.rows()));
      return Math.max(1, Scratch.LEFT / each);
    }

    /** All of some products, one block of terms. */
    void rows(int first, int items, int block, Right right) {
      int height = blocks.height();
      int most = Scratch.LEFT / Math.max(1, blocks.leftLine(Panel.depth(k))) / height * height;
      for (int row = 0; row < a.rows(); row += most) {
        int rows = Math.min(most, a.rows() - row);
        packLeft(first, items, block, row, rows);
        multiply(first, items, block, row, rows, right);
      }
    }

    private void packLeft(int first, int items, int block, int row, int rows) {
      int height = blocks.height();
      int panels = Math.ceilDiv(rows, height);
      int term = block * Panel.depth(k);
      int terms = terms(block);
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

    private void multiply(int first, int items, int block, int row, int rows, Right right) {
      int panels = MicroKernel.panels(n);
      int tileRows = tileRows(rows, items * panels);
      int groups = Math.ceilDiv(rows, tileRows);
      int terms = terms(block);
      workers.run(
          items * groups * panels,
          (tile, worker) -> {
            int item = tile / (groups * panels);
            int begin = tile / panels % groups * tileRows;
            int panel = tile % panels;
            int column = panel * MicroKernel.WIDTH;
            Scratch.Local local = scratch.local(worker);
            column(
                local,
                terms,
                (item * blocks.padded(rows) + begin) * blocks.leftLine(terms),
                Math.min(tileRows, rows - begin),
                right.ready(local, first + item, panel),
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
        long b,
        int column,
        long to,
        boolean add,
        boolean last) {
      int cols = Math.min(MicroKernel.WIDTH, n - column);
      Finish finish = new Finish(last ? epilogue : Epilogue.NONE, add);
      finish.prepare(local, column, cols);
      for (int i = 0; i < rows; i += blocks.height()) {
        int height = blocks.height(rows - i);
        int present = Math.min(height, rows - i);
        long at = to + i * c.rowStride() * Float.BYTES;
        blocks.multiply(height, left + i * blocks.leftLine(terms), b, terms, local.tile);
        finish.put(local, present, cols, at, c.rowStride());
      }
    }
  }
}
