package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.F32;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;

/**
 * Convolution as the product {@code out [O, H'W'] = weight [O, C·kh·kw] · patches [C·kh·kw, H'W']}
 * of each image, whose right operand is made panel by panel where it is needed. A pixel is the same
 * whatever the number of images or threads.
 */
public final class ConvKernel {
  private static final int WIDTH = MicroKernel.WIDTH;
  private static final int HEIGHT = MicroKernel.HEIGHT;

  /** Panels of pixels of a tile: they stay in the second-level cache while the weights pass by. */
  private static final int TILE_PANELS = 4;

  private final Scratch scratch;

  /** Convolution with the given threads and working memory. */
  public ConvKernel(Scratch scratch) {
    this.scratch = scratch;
  }

  /**
   * Weights as the kernel reads them: blocks of terms, in them panels of output channels.
   *
   * @param data the packed elements
   * @param outputs number of output channels, O
   * @param channels number of input channels, C
   * @param height rows of the kernel, kh
   * @param width columns of the kernel, kw
   */
  public record Weights(MemorySegment data, int outputs, int channels, int height, int width) {
    /** Checks that the buffer is large enough. */
    public Weights {
      Bounds.check(data, 0, bytes(outputs, channels, height, width) / Float.BYTES);
    }

    /** Bytes of packed weights {@code [O, C, kh, kw]}. */
    public static long bytes(int outputs, int channels, int height, int width) {
      return (long) MicroKernel.padded(outputs) * channels * height * width * Float.BYTES;
    }

    private int terms() {
      return channels * height * width;
    }

    /** Copies the weights back into {@code to [O, C, kh, kw]}, row-major, element by element. */
    public void unpack(Operand to) {
      int most = Panel.depth(terms());
      for (int o = 0; o < outputs; o++) {
        int first = o / HEIGHT * HEIGHT;
        int rows = MicroKernel.height(outputs - first);
        for (int t = 0; t < terms(); t++) {
          int from = t / most * most;
          int depth = Math.min(most, terms() - from);
          long at = (long) from * MicroKernel.padded(outputs) + (long) first * depth;
          at += (long) (t - from) * rows + o - first;
          float x = data.get(Panel.FLOAT, at * Float.BYTES);
          to.data().set(Panel.FLOAT, to.byteOffset() + ((long) o * terms() + t) * Float.BYTES, x);
        }
      }
    }
  }

  /**
   * Packs weights once for many convolutions.
   *
   * @param scratch says the threads and the precision
   * @param weight {@code [O, C, kh, kw]}, row-major
   * @param into at least {@link Weights#bytes} bytes
   */
  public static Weights packWeights(Scratch scratch, Operand weight, MemorySegment into) {
    Workers workers = scratch.workers();
    Shape shape = weight.shape();
    Weights packed = new Weights(into, shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3));
    Strided layout = weight.layout();
    if (!layout.isContiguous()) {
      throw new IllegalArgumentException("the weights of a convolution must be row-major");
    }
    int terms = packed.terms();
    int outputs = packed.outputs();
    Matrix rows = new Matrix(weight.data(), layout.offset(), outputs, terms, terms, 1);
    int panels = Math.ceilDiv(outputs, HEIGHT);
    int most = Panel.depth(terms);
    float[][] buffers = new float[workers.threads()][most * HEIGHT];
    workers.run(
        panels * Panel.blocks(terms),
        (tile, worker) -> {
          int first = tile % panels * HEIGHT;
          int from = tile / panels * most;
          int depth = Math.min(most, terms - from);
          int height = MicroKernel.height(outputs - first);
          Panel.pack(scratch.precision(), rows, first, height, from, depth, buffers[worker], 0);
          long at = (long) from * MicroKernel.padded(outputs) + (long) first * depth;
          MemorySegment.copy(
              buffers[worker], 0, into, Panel.FLOAT, at * Float.BYTES, depth * height);
        });
    return packed;
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
  public void run(Operand x, Weights weights, Operand bias, int stride, int padding, Operand out) {
    check(x, weights, bias, stride, padding, out);
    Pixels pixels =
        new Pixels(
            x,
            weights.height,
            weights.width,
            stride,
            padding,
            out.shape().dim(2),
            out.shape().dim(3));
    int terms = weights.terms();
    int most = Panel.depth(terms);
    int rows = Scratch.LEFT / Math.max(1, most) / HEIGHT * HEIGHT;
    for (int block = 0; block < Panel.blocks(terms); block++) {
      int from = block * most;
      int depth = Math.min(most, terms - from);
      boolean last = from + depth == terms;
      for (int row = 0; row < weights.outputs; row += rows) {
        Part part =
            new Part(row, Math.min(rows, weights.outputs - row), from, depth, block > 0, last);
        load(weights, part);
        multiply(pixels, part, bias, out);
      }
    }
  }

  private static void check(
      Operand x, Weights weights, Operand bias, int stride, int padding, Operand out) {
    Shape in = x.shape();
    int h = Math.floorDiv(in.dim(2) + 2 * padding - weights.height, stride) + 1;
    int w = Math.floorDiv(in.dim(3) + 2 * padding - weights.width, stride) + 1;
    if (in.dim(1) != weights.channels
        || !out.shape().equals(Shape.of(in.dim(0), weights.outputs, h, w))
        || !bias.shape().equals(Shape.of(weights.outputs))) {
      throw new IllegalArgumentException(
          "%s convolved with %s does not give %s".formatted(in, weights, out.shape()));
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

  /** Copies part of the weights to where the micro-kernel wants its left operand. */
  private void load(Weights weights, Part part) {
    int panels = Math.ceilDiv(part.rows, HEIGHT);
    int padded = MicroKernel.padded(weights.outputs);
    long start = (long) part.from * padded + (long) part.row * part.depth;
    scratch
        .workers()
        .run(
            panels,
            (panel, worker) -> {
              int at = panel * HEIGHT * part.depth;
              int count = MicroKernel.height(part.rows - panel * HEIGHT) * part.depth;
              MemorySegment.copy(
                  weights.data, Panel.FLOAT, (start + at) * Float.BYTES, scratch.left, at, count);
            });
  }

  private void multiply(Pixels pixels, Part part, Operand bias, Operand out) {
    int count = pixels.count();
    int panels = MicroKernel.panels(count);
    int groups = Math.ceilDiv(panels, TILE_PANELS);
    int images = out.shape().dim(0);
    long outputs = out.shape().dim(1);
    long base = out.data().address() + out.layout().offset() * Float.BYTES;
    scratch
        .workers()
        .run(
            images * groups,
            (tile, worker) -> {
              Scratch.Local local = scratch.local(worker);
              int image = tile / groups;
              int first = tile % groups * TILE_PANELS;
              int width = Math.min(TILE_PANELS, panels - first);
              long panelBytes = (long) part.depth * WIDTH * Float.BYTES;
              pixels.pack(image, first * WIDTH, width, part.from, part.depth, local.memory);
              Bfloat16.round(scratch.precision(), local.memory, width * part.depth * WIDTH);
              for (int i = 0; i < part.rows; i += HEIGHT) {
                int height = MicroKernel.height(part.rows - i);
                int rows = Math.min(height, part.rows - i);
                for (int p = 0; p < width; p++) {
                  int pixel = (first + p) * WIDTH;
                  MicroKernel.multiply(
                      height,
                      scratch.left,
                      i * part.depth,
                      local.memory + p * panelBytes,
                      part.depth,
                      local.tile);
                  long channel = image * outputs + part.row + i;
                  put(local.tile, rows, base, channel, pixel, count, part, bias);
                }
              }
            });
  }

  private static void put(
      float[] tile,
      int rows,
      long base,
      long channel,
      int pixel,
      int count,
      Part part,
      Operand bias) {
    int cols = Math.min(WIDTH, count - pixel);
    long at = base + (channel * count + pixel) * Float.BYTES;
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
    Finish.put(tile, rows, cols, at, count);
  }
}
