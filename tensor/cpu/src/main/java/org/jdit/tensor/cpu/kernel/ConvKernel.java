package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import org.jdit.tensor.cpu.Workers;

/** Convolution of images as a matrix product whose right operand is made tile by tile. */
public final class ConvKernel {
  private final Scratch scratch;

  /** Convolution with the given threads and working memory. */
  public ConvKernel(Scratch scratch) {
    this.scratch = scratch;
  }

  /**
   * Weights as the kernel reads them.
   *
   * @param data the packed elements
   * @param outputs number of output channels, O
   * @param channels number of input channels, C
   * @param height rows of the kernel, kh
   * @param width columns of the kernel, kw
   */
  public record Weights(MemorySegment data, int outputs, int channels, int height, int width) {
    /** Bytes of packed weights {@code [O, C, kh, kw]}. */
    public static long bytes(int outputs, int channels, int height, int width) {
      return Math.ceilDiv(outputs, 12) * 12L * channels * height * width * Float.BYTES;
    }
  }

  /**
   * Packs weights once for many convolutions.
   *
   * @param weight {@code [O, C, kh, kw]}, any strides
   * @param into at least {@link Weights#bytes} bytes, 64-byte aligned
   */
  public static Weights packWeights(Workers workers, Operand weight, MemorySegment into) {
    throw new UnsupportedOperationException();
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
   */
  public void run(
      Operand x,
      Weights weights,
      Operand bias,
      int stride,
      int padding,
      Operand out) {
    throw new UnsupportedOperationException(scratch.toString());
  }
}
