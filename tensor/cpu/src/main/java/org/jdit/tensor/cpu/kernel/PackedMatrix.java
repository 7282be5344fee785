package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import org.jdit.tensor.spi.Precision;

/**
 * The right operand {@code [K, N]} of products, stored as the micro-kernel reads it: blocks of
 * rows, in them panels of columns two vectors wide, in them rows. The last panel is filled up with
 * zeros.
 *
 * @param data the packed elements, 64-byte aligned
 * @param rows number of rows, K
 * @param cols number of columns, N
 */
public record PackedMatrix(MemorySegment data, int rows, int cols) {
  /** Checks that the buffer is large enough. */
  public PackedMatrix {
    Bounds.check(data, 0, bytes(rows, cols) / Float.BYTES);
  }

  /** Bytes of a packed matrix of the given size. */
  public static long bytes(int rows, int cols) {
    return (long) rows * MicroKernel.panels(cols) * MicroKernel.WIDTH * Float.BYTES;
  }

  /**
   * Packs a matrix, quickest where it is row-major or the transpose of a {@code [out, in]} weight.
   *
   * @param scratch says the threads and the precision
   * @param into at least {@link #bytes} bytes, 64-byte aligned
   */
  public static PackedMatrix pack(Scratch scratch, Matrix matrix, MemorySegment into) {
    Workers workers = scratch.workers();
    PackedMatrix packed = new PackedMatrix(into, matrix.rows(), matrix.cols());
    Matrix columns = matrix.transposed();
    int panels = MicroKernel.panels(matrix.cols());
    int depth = Panel.depth(matrix.rows());
    float[][] buffers = new float[workers.threads()][depth * MicroKernel.WIDTH];
    workers.run(
        panels * Panel.blocks(matrix.rows()),
        (tile, worker) -> {
          int block = tile / panels;
          int from = block * depth;
          packPanel(
              scratch.precision(),
              columns,
              tile % panels,
              from,
              Math.min(depth, matrix.rows() - from),
              buffers[worker],
              packed.address(tile % panels, block));
        });
    return packed;
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
    int from = block * depth;
    long before =
        (long) from * MicroKernel.panels(cols) + (long) panel * Math.min(depth, rows - from);
    return data.address() + before * MicroKernel.WIDTH * Float.BYTES;
  }

  /** Copies the matrix back into {@code to}, element by element. */
  public void unpack(Matrix to) {
    int depth = Panel.depth(rows);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        long at = (long) (i % depth) * MicroKernel.WIDTH + j % MicroKernel.WIDTH;
        float x =
            Lanes.MEMORY.get(
                Panel.FLOAT, address(j / MicroKernel.WIDTH, i / depth) + at * Float.BYTES);
        Lanes.MEMORY.set(Panel.FLOAT, to.address(i, j), x);
      }
    }
  }
}
