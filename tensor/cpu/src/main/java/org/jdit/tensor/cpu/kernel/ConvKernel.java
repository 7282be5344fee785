package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.F32;

import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.Shape;

/**
 * Convolution as the product {@code out [O, H'W'] = weight [O, C·kh·kw] · patches [C·kh·kw, H'W']}
 * of each image, whose right operand is made panel by panel where it is needed. A pixel is the same
 * whatever the number of images or threads.
 */
public final class ConvKernel {
  private static final int WIDTH = MicroKernel.WIDTH;

  /** Panels of pixels of a tile: they stay in the second-level cache while the weights pass by. */
  private static final int TILE_PANELS = 4;

  private final Scratch scratch;
  private final Blocks blocks;

  /** Convolution with the given threads and working memory. */
  public ConvKernel(Scratch scratch) {
    this.scratch = scratch;
    this.blocks = scratch.blocks();
  }

  /**
   * Convolves (torch.nn.functional.conv2d).
   *
   * @param x {@code [N, C, H, W]} with unit stride in W
   * @param weights packed {@code [O, C, kh, kw]}
   * @param bias {@code [O]}, row-major
   * @param stride step between outputs
   * @param padding zeros on each of the four sides
   * @param out {@code [N, O, H', W']}, row-major
   * @throws IllegalArgumentException if sizes or layouts do not fit
   */
  public void run(
      Operand x, ConvWeights weights, Operand bias, int stride, int padding, Operand out) {
    check(x, weights, bias, stride, padding, out);
    Pixels pixels =
        new Pixels(
            x,
            weights.height(),
            weights.width(),
            stride,
            padding,
            out.shape().dim(2),
            out.shape().dim(3));
    int terms = weights.terms();
    int most = Panel.depth(terms);
    int height = blocks.height();
    int rows = Scratch.LEFT / Math.max(1, blocks.leftLine(most)) / height * height;
    for (int block = 0; block < Panel.blocks(terms); block++) {
      int from = block * most;
      int depth = Math.min(most, terms - from);
      boolean last = from + depth == terms;
      for (int row = 0; row < weights.outputs(); row += rows) {
        Part part =
            new Part(row, Math.min(rows, weights.outputs() - row), from, depth, block > 0, last);
        load(weights, part);
        multiply(pixels, part, bias, out);
      }
    }
  }

  private static void check(
      Operand x, ConvWeights weights, Operand bias, int stride, int padding, Operand out) {
    Shape in = x.shape();
    int h = Math.floorDiv(in.dim(2) + 2 * padding - weights.height(), stride) + 1;
    int w = Math.floorDiv(in.dim(3) + 2 * padding - weights.width(), stride) + 1;
    if (in.dim(1) != weights.channels()
        || !out.shape().equals(Shape.of(in.dim(0), weights.outputs(), h, w))
        || !bias.shape().equals(Shape.of(weights.outputs()))) {
      throw new IllegalArgumentException(
          "%s convolved with %s does not give %s".formatted(in, weights.shape(), out.shape()));
    }
    if (!out.layout().isContiguous()
        || !bias.layout().isContiguous()
        || (in.dim(3) > 1 && x.layout().strides().get(3) != 1)) {
      throw new IllegalArgumentException("a convolution needs rows of adjacent pixels");
    }
    Bounds.check(x.data(), x.layout().offset(), x.layout().end() - x.layout().offset());
    Bounds.check(out.data(), out.layout().offset(), out.numel());
  }

  /** Part of the weights: some outputs, one block of terms. */
  private record Part(int row, int rows, int from, int depth, boolean add, boolean last) {}

  /** Copies part of the weights to where the blocks have their left operand. */
  private void load(ConvWeights weights, Part part) {
    int step = blocks.height();
    scratch
        .workers()
        .run(
            Math.ceilDiv(part.rows, step),
            (panel, worker) -> {
              int row = panel * step;
              int height = blocks.height(part.rows - row);
              blocks.loadLeft(
                  weights.panels(part.row + row, part.from, height),
                  row * blocks.leftLine(part.depth));
            });
  }

  private void multiply(Pixels pixels, Part part, Operand bias, Operand out) {
    int count = pixels.count();
    int panels = MicroKernel.panels(count);
    int groups = Math.ceilDiv(panels, TILE_PANELS);
    int images = out.shape().dim(0);
    long outputs = out.shape().dim(1);
    long base = out.data().address() + out.layout().offset() * Float.BYTES;
    int line = blocks.leftLine(part.depth);
    scratch
        .workers()
        .run(
            images * groups,
            (tile, worker) -> {
              Scratch.Local local = scratch.local(worker);
              int image = tile / groups;
              int first = tile % groups * TILE_PANELS;
              int width = Math.min(TILE_PANELS, panels - first);
              pixels.pack(image, first * WIDTH, width, part.from, part.depth, local.memory);
              long[] right = rounded(local, width, part.depth);
              for (int i = 0; i < part.rows; i += blocks.height()) {
                int height = blocks.height(part.rows - i);
                int rows = Math.min(height, part.rows - i);
                for (int p = 0; p < width; p++) {
                  int pixel = (first + p) * WIDTH;
                  blocks.multiply(height, i * line, right[p], part.depth, local.tile);
                  long channel = image * outputs + part.row + i;
                  put(local, rows, base, channel, pixel, count, part, bias);
                }
              }
            });
  }

  /** Where the panels of pixels at local.memory lie, rounded; they may be behind those. */
  private long[] rounded(Scratch.Local local, int panels, int depth) {
    long bytes = (long) depth * WIDTH * Float.BYTES;
    long behind = local.memory + TILE_PANELS * bytes;
    long roundedBytes = (long) blocks.rightLine(depth) * WIDTH * Float.BYTES;
    long[] at = new long[panels];
    for (int p = 0; p < panels; p++) {
      at[p] = blocks.rounded(local, local.memory + p * bytes, depth, behind + p * roundedBytes);
    }
    return at;
  }

  private static void put(
      Scratch.Local local,
      int rows,
      long base,
      long channel,
      int pixel,
      int count,
      Part part,
      Operand bias) {
    int cols = Math.min(WIDTH, count - pixel);
    long at = base + (channel * count + pixel) * Float.BYTES;
    float[] tile = local.tile;
    if (part.add) {
      Finish.add(tile, rows, cols, at, count);
    }
    if (part.last) {
      int outputs = bias.shape().dim(0);
      for (int i = 0; i < rows; i++) {
        long output = bias.layout().offset() + (channel + i) % outputs;
        float b = bias.data().get(Panel.FLOAT, output * Float.BYTES);
        for (int j = i * WIDTH; j < (i + 1) * WIDTH; j += COUNT) {
          FloatVector.fromArray(F32, tile, j).add(b).intoArray(tile, j);
        }
      }
    }
    Finish.PUT.put(local, rows, cols, at, count);
  }
}
