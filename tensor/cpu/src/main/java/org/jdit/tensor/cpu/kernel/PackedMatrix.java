package org.jdit.tensor.cpu.kernel;

import java.util.concurrent.atomic.AtomicBoolean;
import org.jdit.tensor.DType;
import org.jdit.tensor.memory.Memory;

/**
 * The right operand {@code [K, N]} of products, stored as the kernel reads it: blocks of rows, in
 * them panels of columns, in them rows. The last panel is filled up with zeros. Its memory is
 * allocated when it is packed, as how much that is depends on the numbers.
 */
public final class PackedMatrix implements AutoCloseable {
  private final Scratch scratch;
  private final Memory memory;
  private final int rows;
  private final int cols;
  private Blocks blocks;
  private Memory.Slab slab;

  /**
   * A matrix that is not packed yet.
   *
   * @param scratch says the threads, the precision and the kernel
   * @param memory where its own comes from
   * @param rows number of rows, K
   * @param cols number of columns, N
   */
  public PackedMatrix(Scratch scratch, Memory memory, int rows, int cols) {
    this.scratch = scratch;
    this.memory = memory;
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

  /** Bytes of a packed matrix of the given size, of numbers that a type holds. */
  public static long bytes(Scratch scratch, DType type, int rows, int cols) {
    return bytes(scratch.blocks().holding(type), rows, cols);
  }

  private static long bytes(Blocks blocks, int rows, int cols) {
    long panels = (long) MicroKernel.panels(cols) * MicroKernel.WIDTH * Float.BYTES;
    return before(blocks, rows, Panel.blocks(rows)) * panels;
  }

  /** Bytes of its memory; none before it is packed. */
  public long bytes() {
    return slab == null ? 0 : slab.segment().byteSize();
  }

  /** How it is packed. */
  Blocks blocks() {
    if (slab == null) {
      throw new IllegalStateException("this matrix is not packed yet");
    }
    return blocks;
  }

  /** Size of a line in all blocks before one. */
  private static long before(Blocks blocks, int rows, int block) {
    int depth = Panel.depth(rows);
    int whole = Math.min(block, rows / Math.max(1, depth));
    int rest = Math.min(rows, block * depth) - whole * depth;
    return (long) whole * blocks.rightLine(depth) + blocks.rightLine(rest);
  }

  /**
   * Packs a matrix, quickest where it is row-major or the transpose of a {@code [out, in]} weight.
   * Numbers that are {@link org.jdit.tensor.Int8} with one scale for each column are kept in a
   * byte.
   *
   * @param matrix the numbers, rounded as the precision says
   * @param type a type that holds each of them; in two bytes, so they are kept
   * @throws IllegalArgumentException if it is of another size
   */
  public void pack(Matrix matrix, DType type) {
    if (matrix.rows() != rows || matrix.cols() != cols) {
      throw new IllegalArgumentException(
          "[%d, %d] is not [%d, %d]".formatted(matrix.rows(), matrix.cols(), rows, cols));
    }
    Matrix columns = matrix.transposed();
    allocate(packing(columns, type));
    int panels = MicroKernel.panels(cols);
    int depth = Panel.depth(rows);
    scratch
        .workers()
        .run(
            panels * Panel.blocks(rows),
            (tile, worker) -> {
              int block = tile / panels;
              int from = block * depth;
              blocks.right(
                  scratch.local(worker),
                  columns,
                  tile % panels,
                  from,
                  Math.min(depth, rows - from),
                  address(tile % panels, block));
            });
  }

  private Blocks packing(Matrix columns, DType type) {
    Blocks given = scratch.blocks().holding(type);
    Blocks bytes = scratch.blocks().holding(DType.I8);
    boolean smaller = bytes(bytes, rows, cols) < bytes(given, rows, cols);
    return smaller && bytesHold(columns) ? bytes : given;
  }

  /** Ordinary numbers cost no more than a look at the first panel that each thread takes. */
  private boolean bytesHold(Matrix columns) {
    AtomicBoolean all = new AtomicBoolean(true);
    scratch
        .workers()
        .run(
            MicroKernel.panels(cols),
            (panel, worker) -> {
              if (all.get() && !Int8Panel.holds(scratch.local(worker), columns, panel)) {
                all.set(false);
              }
            });
    return all.get();
  }

  private void allocate(Blocks packing) {
    long bytes = bytes(packing, rows, cols);
    if (slab == null || bytes != bytes(blocks, rows, cols)) {
      Memory.Slab fresh = memory.allocate(bytes);
      close();
      slab = fresh;
    }
    blocks = packing;
  }

  /** Address of a panel in a block of rows. */
  long address(int panel, int block) {
    int depth = Panel.depth(rows);
    int here = blocks.rightLine(Math.min(depth, rows - block * depth));
    long lines = before(blocks, rows, block) * MicroKernel.panels(cols) + (long) panel * here;
    return slab.segment().address() + lines * MicroKernel.WIDTH * Float.BYTES;
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
        float x = blocks().element(panel, terms, i % depth, column);
        Lanes.MEMORY.set(Panel.FLOAT, to.address(i, j), x);
      }
    }
  }

  /** Frees the memory. */
  @Override
  public void close() {
    if (slab != null) {
      slab.close();
    }
  }
}
