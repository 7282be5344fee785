package org.jdit.tensor.tornado.kernel;

import static org.jdit.tensor.tornado.kernel.GemmKernel.ACROSS;
import static org.jdit.tensor.tornado.kernel.GemmKernel.DEPTH;
import static org.jdit.tensor.tornado.kernel.GemmKernel.DOWN;
import static org.jdit.tensor.tornado.kernel.GemmKernel.PITCH;
import static org.jdit.tensor.tornado.kernel.GemmKernel.ROWS;
import static org.jdit.tensor.tornado.kernel.GemmKernel.THREADS;
import static org.jdit.tensor.tornado.kernel.GemmKernel.TILE;

import java.util.List;
import org.jdit.tensor.op.Conv2d;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Convolution as a product of the weights {@code [O, C·kh·kw]} and the image's patches {@code
 * [C·kh·kw, H'·W']}, in the tiles of {@link GemmKernel}. Patches are never stored: each slice of
 * them is gathered from the image into local memory. Sizes are arguments, and so constants of the
 * compiled code: of what the gathering costs they save two fifths.
 */
public final class ConvKernel {
  private ConvKernel() {}

  /**
   * Convolves.
   *
   * @param x {@code [N, C, H, W]}
   * @param w {@code [O, C, kh, kw]}
   * @param bias {@code [O]}
   * @param out {@code [N, O, H', W']}, contiguous, not empty
   */
  public static Launch of(Frame f, Conv2d op, Operand x, Operand w, Operand bias, Operand out) {
    int outputs = w.shape().dim(0);
    int pixels = out.shape().dim(2) * out.shape().dim(3);
    IntArray places =
        f.tables()
            .of(
                x.offset(),
                x.stride(0),
                x.stride(1),
                x.stride(2),
                x.stride(3),
                w.offset(),
                w.stride(0),
                w.stride(1),
                w.stride(2),
                w.stride(3),
                bias.offset(),
                bias.stride(0),
                out.offset());
    return new Launch(
        "conv2d",
        Frame.groups(
            Math.ceilDiv(pixels, TILE),
            Math.ceilDiv(outputs, DOWN * GemmKernel.rows(outputs)),
            x.shape().dim(0),
            THREADS),
        List.of(f.iteration(), x.array(), w.array(), bias.array(), out.array(), places),
        (graph, id) ->
            graph.task(
                id,
                ConvKernel::convolve,
                f.context(),
                f.iteration(),
                x.floats(),
                w.floats(),
                bias.floats(),
                out.floats(),
                places,
                outputs,
                x.shape().dim(1),
                x.shape().dim(2),
                x.shape().dim(3),
                w.shape().dim(2),
                w.shape().dim(3),
                op.stride(),
                op.padding(),
                x.step(),
                w.step(),
                bias.step()));
  }

  static void convolve(
      KernelContext context,
      IntArray iteration,
      FloatArray image,
      FloatArray weight,
      FloatArray bias,
      FloatArray out,
      IntArray places,
      int outputs,
      int channels,
      int height,
      int width,
      int kernelHeight,
      int kernelWidth,
      int stride,
      int padding,
      int imageStep,
      int weightStep,
      int biasStep) {
    float[] wSlice = context.allocateFloatLocalArray(DEPTH * PITCH);
    float[] xSlice = context.allocateFloatLocalArray(DEPTH * PITCH);
    int outWidth = (width + 2 * padding - kernelWidth) / stride + 1;
    int pixels = ((height + 2 * padding - kernelHeight) / stride + 1) * outWidth;
    int area = kernelHeight * kernelWidth;
    int k = channels * area;
    int thread = context.localIdx;
    int across = thread % ACROSS;
    int down = thread / ACROSS;
    int rows = GemmKernel.rows(outputs);
    int row = context.groupIdy * (DOWN * rows);
    int column = context.groupIdx * TILE;
    int t = iteration.get(0);
    int xFrom = places.get(0) + t * imageStep + context.groupIdz * places.get(1);
    int wFrom = places.get(5) + t * weightStep;
    // Neighbouring threads read neighbouring weights of an output, and neighbouring pixels.
    int deep = thread % DEPTH;
    int pixel = Math.min(column + thread % TILE, pixels - 1);
    int top = pixel / outWidth * stride - padding;
    int left = pixel % outWidth * stride - padding;
    float[] sums = new float[4 * ROWS];
    for (int i = 0; i < 4 * ROWS; i++) {
      sums[i] = 0f;
    }
    for (int from = 0; from < k; from += DEPTH) {
      int wk = from + deep;
      int wAt =
          wFrom
              + wk / area * places.get(7)
              + wk % area / kernelWidth * places.get(8)
              + wk % kernelWidth * places.get(9);
      for (int i = 0; i < TILE * DEPTH / THREADS; i++) {
        int o = thread / DEPTH + i * (THREADS / DEPTH);
        wSlice[deep * PITCH + o] =
            within(wk, k, DEPTH)
                ? weight.get(wAt + Math.min(row + o, outputs - 1) * places.get(6))
                : 0f;
        int d = thread / TILE + i * (THREADS / TILE);
        int xk = from + d;
        int y = top + xk % area / kernelWidth;
        int x = left + xk % kernelWidth;
        float value = 0f;
        if (within(xk, k, DEPTH) && inside(y, height, padding) && inside(x, width, padding)) {
          value =
              image.get(xFrom + xk / area * places.get(2) + y * places.get(3) + x * places.get(4));
        }
        xSlice[d * PITCH + thread % TILE] = value;
      }
      context.localBarrier();
      for (int d = 0; d < DEPTH; d++) {
        float x0 = xSlice[d * PITCH + across];
        float x1 = xSlice[d * PITCH + across + ACROSS];
        float x2 = xSlice[d * PITCH + across + 2 * ACROSS];
        float x3 = xSlice[d * PITCH + across + 3 * ACROSS];
        for (int i = 0; i < rows; i++) {
          float w = wSlice[d * PITCH + down * rows + i];
          sums[i] += w * x0;
          sums[ROWS + i] += w * x1;
          sums[2 * ROWS + i] += w * x2;
          sums[3 * ROWS + i] += w * x3;
        }
      }
      context.localBarrier();
    }
    int outFrom = places.get(12) + context.groupIdz * (outputs * pixels);
    int biasFrom = places.get(10) + t * biasStep;
    for (int i = 0; i < rows; i++) {
      int o = row + down * rows + i;
      float shift = bias.get(biasFrom + Math.min(o, outputs - 1) * places.get(11));
      for (int j = 0; j < 4; j++) {
        int p = column + across + j * ACROSS;
        if (within(o, outputs, DOWN * rows) && within(p, pixels, TILE)) {
          out.set(outFrom + o * pixels + p, sums[j * ROWS + i] + shift);
        }
      }
    }
  }

  /** Whether an index of a tile is below the size of its axis: known if tiles fill the axis. */
  private static boolean within(int index, int size, int tile) {
    return size % tile == 0 || index < size;
  }

  /** Whether a coordinate is within the image and not in the padding. */
  private static boolean inside(int at, int size, int padding) {
    return padding == 0 || (at >= 0 && at < size);
  }
}
