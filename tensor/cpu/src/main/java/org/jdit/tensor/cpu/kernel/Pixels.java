package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.BYTES;
import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.load;
import static org.jdit.tensor.cpu.kernel.Lanes.store;

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

  /** Packs a panel of outputs from {@code first} on, the terms {@code from..from+depth-1}. */
  void pack(int image, int first, int from, int depth, long to) {
    int left = Math.min(WIDTH, count() - first);
    if (left < WIDTH) {
      Lanes.MEMORY.asSlice(to, (long) depth * WIDTH * Float.BYTES).fill((byte) 0);
    }
    int at = 0;
    while (at < left) {
      int row = (first + at) / outWidth;
      int col = (first + at) % outWidth;
      int run = Math.min(left - at, outWidth - col);
      packRun(image, row, col, run, from, depth, to + (long) at * Float.BYTES);
      at += run;
    }
  }

  /** Packs outputs of one row. */
  private void packRun(int image, int row, int col, int run, int from, int depth, long to) {
    int taps = kernelHeight * kernelWidth;
    int channel = from / taps;
    int tapRow = from % taps / kernelWidth;
    int tapCol = from % kernelWidth;
    long at = to;
    for (int k = 0; k < depth; k++) {
      int y = row * stride + tapRow - padding;
      if (y < 0 || y >= height) {
        zero(at, run);
      } else {
        packTap(base + image * imageBytes + channel * channelBytes + y * rowBytes, col, run, tapCol, at);
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

  /** One tap of the kernel at adjacent outputs of a row. */
  private void packTap(long inputRow, int col, int run, int tapCol, long to) {
    int x = col * stride + tapCol - padding;
    // The outputs begin..end-1 of the run see pixels, the others see padding.
    int begin = Math.clamp(Math.ceilDiv(-x, stride), 0, run);
    int end = Math.clamp(Math.ceilDiv(width - x, stride), begin, run);
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
