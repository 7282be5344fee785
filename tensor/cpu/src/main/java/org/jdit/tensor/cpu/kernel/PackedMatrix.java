package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import org.jdit.tensor.spi.Precision;

/**
 * The right operand {@code [K, N]} of products, stored as the kernel reads it: blocks of rows, in
 * them panels of columns, in them rows. The last panel is filled up with zeros.
 */
public final class PackedMatrix {
  private final Scratch scratch;
  private final MemorySegment data;
  private final int rows;
  private final int cols;

  /**
   * A matrix that is not packed yet.
   *
   * @param scratch says the threads, the precision and the kernel
   * @param data at least {@link #bytes} bytes, 64-byte aligned
   * @param rows number of rows, K
   * @param cols number of columns, N
   */
  public PackedMatrix(Scratch scratch, MemorySegment data, int rows, int cols) {
    Bounds.check(data, 0, bytes(scratch, rows, cols) / Float.BYTES);
    this.scratch = scratch;
    this.data = data;
    this.rows = rows;
    this.cols = cols;
  }

  /** Number of rows, K. */
  public int rows() {
    return rows;
  }

  /** Number of columns, N. */
  public int cols() {
    return cols;
  }

  /** Bytes of a packed matrix of the given size. */
  public static long bytes(Scratch scratch, int rows, int cols) {
    long panels = (long) MicroKernel.panels(cols) * MicroKernel.WIDTH * Float.BYTES;
    return before(scratch, rows, Panel.blocks(rows)) * panels;
  }

  /** Size of a line in all blocks before one. */
  private static long before(Scratch scratch, int rows, int block) {
    int depth = Panel.depth(rows);
    int whole = Math.min(block, rows / Math.max(1, depth));
    int rest = Math.min(rows, block * depth) - whole * depth;
    return (long) whole * scratch.blocks().rightLine(depth) + scratch.blocks().rightLine(rest);
  }

  /**
   * Packs a matrix, quickest where it is row-major or the transpose of a {@code [out, in]} weight.
   *
   * @throws IllegalArgumentException if it is of another size
   */
  public void pack(Matrix matrix) {
    if (matrix.rows() != rows || matrix.cols() != cols) {
      throw new IllegalArgumentException(
          "[%d, %d] is not [%d, %d]".formatted(matrix.rows(), matrix.cols(), rows, cols));
    }
    Matrix columns = matrix.transposed();
    int panels = MicroKernel.panels(cols);
    int depth = Panel.depth(rows);
    scratch
        .workers()
        .run(
            panels * Panel.blocks(rows),
            (tile, worker) -> {
              int block = tile / panels;
              int from = block * depth;
              scratch
                  .blocks()
                  .right(
                      scratch.local(worker),
                      columns,
                      tile % panels,
                      from,
                      Math.min(depth, rows - from),
                      address(tile % panels, block));
            });
  }

  /** Packs a panel of columns by way of {@code buffer} to an address. */
  static void packPanel(
      Precision precision,
      Matrix columns,
      int panel,
      int from,
      int depth,
      float[] buffer,
      long address) {
    int width = MicroKernel.WIDTH;
    Panel.pack(precision, columns, panel * width, width, from, depth, buffer, 0);
    MemorySegment.copy(buffer, 0, Lanes.MEMORY, Panel.FLOAT, address, depth * width);
  }

  /** Address of a panel in a block of rows. */
  long address(int panel, int block) {
    int depth = Panel.depth(rows);
    int here = scratch.blocks().rightLine(Math.min(depth, rows - block * depth));
    long lines = before(scratch, rows, block) * MicroKernel.panels(cols) + (long) panel * here;
    return data.address() + lines * MicroKernel.WIDTH * Float.BYTES;
  }

  /** Copies the matrix back into {@code to}, element by element. */
  public void unpack(Matrix to) {
    int depth = Panel.depth(rows);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        int block = i / depth;
        long panel = address(j / MicroKernel.WIDTH, block);
        int terms = Math.min(depth, rows - block * depth);
        int column = j % MicroKernel.WIDTH;
        float x = scratch.blocks().element(panel, terms, i % depth, column);
        Lanes.MEMORY.set(Panel.FLOAT, to.address(i, j), x);
      }
    }
  }
}
