package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.BYTES;
import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.load;
import static org.jdit.tensor.cpu.kernel.Lanes.store;

import java.util.ArrayList;
import java.util.List;

/**
 * The patches of a convolution's input, {@code [C·kh·kw, H'W']} for each image, as panels that are
 * made when asked for. A row of a panel is one tap of the kernel at adjacent outputs, so for stride
 * 1 it is a run of adjacent inputs, but for zeros at the edges.
 */
final class Pixels {
  private static final int WIDTH = MicroKernel.WIDTH;

  private final int kernelHeight;
  private final int kernelWidth;
  private final int stride;
  private final int padding;
  private final int outHeight;
  private final int outWidth;
  private final int height;
  private final int width;
  private final long base;
  private final long imageBytes;
  private final long channelBytes;
  private final long rowBytes;

  /** The patches of {@code x [N, C, H, W]}, whose stride in W is 1. */
  Pixels(
      Operand x,
      int kernelHeight,
      int kernelWidth,
      int stride,
      int padding,
      int outHeight,
      int outWidth) {
    this.kernelHeight = kernelHeight;
    this.kernelWidth = kernelWidth;
    this.stride = stride;
    this.padding = padding;
    this.outHeight = outHeight;
    this.outWidth = outWidth;
    height = x.shape().dim(2);
    width = x.shape().dim(3);
    List<Long> strides = x.layout().strides();
    base = x.data().address() + x.layout().offset() * Float.BYTES;
    imageBytes = strides.get(0) * Float.BYTES;
    channelBytes = strides.get(1) * Float.BYTES;
    rowBytes = strides.get(2) * Float.BYTES;
  }

  /** Number of outputs of an image. */
  int count() {
    return outHeight * outWidth;
  }

  /**
   * Adjacent outputs in one row of the image and one panel.
   *
   * @param row row of the outputs
   * @param col column of the first
   * @param length how many
   * @param at where they go in each row of the panel, in bytes from the first panel
   */
  private record Run(int row, int col, int length, long at) {}

  /**
   * Packs adjacent panels of outputs from {@code first} on, the terms {@code from..from+depth-1}.
   * All panels get a term before the next is looked at, to read long pieces of a channel.
   */
  void pack(int image, int first, int panels, int from, int depth, long to) {
    int outputs = Math.min(panels * WIDTH, count() - first);
    long panelBytes = (long) depth * WIDTH * Float.BYTES;
    if (outputs < panels * WIDTH) {
      Lanes.MEMORY.asSlice(to + (panels - 1) * panelBytes, panelBytes).fill((byte) 0);
    }
    Run[] runs = runs(first, outputs, panelBytes);
    int taps = kernelHeight * kernelWidth;
    int channel = from / taps;
    int tapRow = from % taps / kernelWidth;
    int tapCol = from % kernelWidth;
    long at = to;
    for (int k = 0; k < depth; k++) {
      long plane = base + image * imageBytes + channel * channelBytes;
      for (Run run : runs) {
        int y = run.row * stride + tapRow - padding;
        if (y < 0 || y >= height) {
          zero(at + run.at, run.length);
        } else {
          packTap(plane + y * rowBytes, run.col, run.length, tapCol, at + run.at);
        }
      }
      at += (long) WIDTH * Float.BYTES;
      if (++tapCol == kernelWidth) {
        tapCol = 0;
        if (++tapRow == kernelHeight) {
          tapRow = 0;
          channel++;
        }
      }
    }
  }

  private Run[] runs(int first, int outputs, long panelBytes) {
    List<Run> runs = new ArrayList<>();
    int at = 0;
    while (at < outputs) {
      int col = (first + at) % outWidth;
      int inPanel = at % WIDTH;
      int length = Math.min(Math.min(outputs - at, outWidth - col), WIDTH - inPanel);
      long to = at / WIDTH * panelBytes + (long) inPanel * Float.BYTES;
      runs.add(new Run((first + at) / outWidth, col, length, to));
      at += length;
    }
    return runs.toArray(Run[]::new);
  }

  /** One tap of the kernel at adjacent outputs of a row. */
  private void packTap(long inputRow, int col, int run, int tapCol, long to) {
    int x = col * stride + tapCol - padding;
    // The outputs begin..end-1 of the run see pixels, the others see padding.
    int begin = Math.clamp(steps(-x), 0, run);
    int end = Math.clamp(steps(width - x), begin, run);
    zero(to, begin);
    long pixel = inputRow + ((long) x + (long) begin * stride) * Float.BYTES;
    long at = to + (long) begin * Float.BYTES;
    if (stride == 1) {
      copy(pixel, at, end - begin);
    } else {
      long step = (long) stride * Float.BYTES;
      for (int i = begin; i < end; i++) {
        Lanes.MEMORY.set(Panel.FLOAT, at, Lanes.MEMORY.get(Panel.FLOAT, pixel));
        at += Float.BYTES;
        pixel += step;
      }
    }
    zero(to + (long) end * Float.BYTES, run - end);
  }

  /** How many outputs lie before the one that is {@code distance} inputs away. */
  private int steps(int distance) {
    return stride == 1 ? distance : Math.ceilDiv(distance, stride);
  }

  /** Copies {@code count} floats; the last vector may overlap the one before. */
  private static void copy(long from, long to, int count) {
    if (count < COUNT) {
      for (int i = 0; i < count; i++) {
        long byteAt = (long) i * Float.BYTES;
        Lanes.MEMORY.set(Panel.FLOAT, to + byteAt, Lanes.MEMORY.get(Panel.FLOAT, from + byteAt));
      }
      return;
    }
    long last = (long) (count - COUNT) * Float.BYTES;
    for (long i = 0; i < last; i += BYTES) {
      store(load(from + i), to + i);
    }
    store(load(from + last), to + last);
  }

  private static void zero(long to, int count) {
    for (int i = 0; i < count; i++) {
      Lanes.MEMORY.set(Panel.FLOAT, to + (long) i * Float.BYTES, 0f);
    }
  }
}
