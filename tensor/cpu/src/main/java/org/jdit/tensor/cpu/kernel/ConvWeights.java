package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;

/**
 * The weights {@code [O, C, kh, kw]} of convolutions, stored as {@link ConvKernel} reads them:
 * blocks of terms, in them panels of output channels.
 */
public final class ConvWeights {
  private final Scratch scratch;
  private final MemorySegment data;
  private final Shape shape;

  /**
   * Weights that are not packed yet.
   *
   * @param scratch says the threads, the precision and the kernel
   * @param data at least {@link #bytes} bytes
   * @param shape {@code [O, C, kh, kw]}
   */
  public ConvWeights(Scratch scratch, MemorySegment data, Shape shape) {
    Bounds.check(data, 0, bytes(scratch, shape) / Float.BYTES);
    this.scratch = scratch;
    this.data = data;
    this.shape = shape;
  }

  /** Bytes of packed weights {@code [O, C, kh, kw]}. */
  public static long bytes(Scratch scratch, Shape shape) {
    Blocks blocks = scratch.blocks();
    int terms = terms(shape);
    int whole = terms / Math.max(1, Panel.depth(terms));
    long lines = (long) whole * blocks.leftLine(Panel.depth(terms));
    lines += blocks.leftLine(terms - whole * Panel.depth(terms));
    return lines * blocks.padded(shape.dim(0)) * Float.BYTES;
  }

  private static int terms(Shape shape) {
    return shape.dim(1) * shape.dim(2) * shape.dim(3);
  }

  /** {@code [O, C, kh, kw]}. */
  Shape shape() {
    return shape;
  }

  /** Number of output channels, O. */
  int outputs() {
    return shape.dim(0);
  }

  /** Number of input channels, C. */
  int channels() {
    return shape.dim(1);
  }

  /** Rows of the kernel, kh. */
  int height() {
    return shape.dim(2);
  }

  /** Columns of the kernel, kw. */
  int width() {
    return shape.dim(3);
  }

  /** Terms of an output. */
  int terms() {
    return terms(shape);
  }

  /**
   * The panels of one block of terms.
   *
   * @param output first output channel of the first panel
   * @param from first term of the block
   * @param rows rows of all panels, filling included
   */
  MemorySegment panels(int output, int from, int rows) {
    Blocks blocks = scratch.blocks();
    int depth = Panel.depth(terms());
    long before = (long) from / Math.max(1, depth) * blocks.leftLine(depth);
    long line = blocks.leftLine(Math.min(depth, terms() - from));
    long at = before * blocks.padded(outputs()) + output * line;
    return data.asSlice(at * Float.BYTES, rows * line * Float.BYTES);
  }

  /**
   * Packs weights.
   *
   * @param weight {@code [O, C, kh, kw]}, row-major
   * @throws IllegalArgumentException if they are of another shape or layout
   */
  public void pack(Operand weight) {
    Strided layout = weight.layout();
    if (!layout.isContiguous() || !weight.shape().equals(shape)) {
      throw new IllegalArgumentException(
          "the weights of a convolution must be %s, row-major".formatted(shape));
    }
    int terms = terms();
    Matrix rows = new Matrix(weight.data(), layout.offset(), outputs(), terms, terms, 1);
    int step = scratch.blocks().height();
    int panels = Math.ceilDiv(outputs(), step);
    int most = Panel.depth(terms);
    scratch
        .workers()
        .run(
            panels * Panel.blocks(terms),
            (tile, worker) -> {
              Scratch.Local local = scratch.local(worker);
              int first = tile % panels * step;
              int from = tile / panels * most;
              int depth = Math.min(most, terms - from);
              int height = local.blocks.height(outputs() - first);
              local.blocks.left(local, rows, first, height, from, depth, 0);
              local.blocks.saveLeft(0, panels(first, from, height));
            });
  }

  /** Copies the weights back into {@code to [O, C, kh, kw]}, row-major, element by element. */
  public void unpack(Operand to) {
    Blocks blocks = scratch.blocks();
    int most = Panel.depth(terms());
    for (int o = 0; o < outputs(); o++) {
      int first = o / blocks.height() * blocks.height();
      int height = blocks.height(outputs() - first);
      for (int t = 0; t < terms(); t++) {
        int from = t / most * most;
        int depth = Math.min(most, terms() - from);
        long panel = panels(first, from, height).address();
        float x = blocks.leftElement(panel, height, depth, o - first, t - from);
        to.data().set(Panel.FLOAT, to.byteOffset() + ((long) o * terms() + t) * Float.BYTES, x);
      }
    }
  }
}
