package org.jdit.tensor.cpu.kernel;

import java.util.List;
import org.jdit.tensor.Elements;
import org.jdit.tensor.op.Unfold;

/** The patches of images that a convolution sees, and their sums back into images. */
public final class Patches {
  private final Workers workers;
  private final Unfold op;
  private final Operand images;
  private final Operand patches;
  private final int channels;
  private final int height;
  private final int width;
  private final int outHeight;
  private final int outWidth;

  /**
   * Patches cut as {@code op} says.
   *
   * @param images {@code [N, C, H, W]}
   * @param patches {@code [N, C·kh·kw, OH·OW]}
   */
  public Patches(Workers workers, Unfold op, Operand images, Operand patches) {
    this.workers = workers;
    this.op = op;
    this.images = images;
    this.patches = patches;
    channels = images.shape().dim(1);
    height = images.shape().dim(2);
    width = images.shape().dim(3);
    outHeight = (height + 2 * op.padding() - op.kh()) / op.stride() + 1;
    outWidth = (width + 2 * op.padding() - op.kw()) / op.stride() + 1;
  }

  /** Cuts the patches; they lie row-major. */
  public void unfold() {
    int rows = patches.shape().dim(0) * patches.shape().dim(1);
    workers.run(rows, (row, _) -> unfoldRow(row));
  }

  private void unfoldRow(int row) {
    int j = row % op.kw();
    int i = row / op.kw() % op.kh();
    int plane = row / op.kw() / op.kh();
    long out = patches.layout().offset() + (long) row * outHeight * outWidth;
    for (int oy = 0; oy < outHeight; oy++) {
      int y = oy * op.stride() + i - op.padding();
      for (int ox = 0; ox < outWidth; ox++) {
        int x = ox * op.stride() + j - op.padding();
        boolean inside = y >= 0 && y < height && x >= 0 && x < width;
        double v = inside ? Elements.get(images.data(), images.dtype(), pixel(plane, y, x)) : 0;
        Elements.set(patches.data(), patches.dtype(), out++, v);
      }
    }
  }

  /** Position of a pixel of plane {@code n · C + c}. */
  private long pixel(int plane, int y, int x) {
    List<Long> s = images.layout().strides();
    return images.layout().offset()
        + plane / channels * s.get(0)
        + plane % channels * s.get(1)
        + y * s.get(2)
        + x * s.get(3);
  }

  /** Sums the patches into the images, which lie row-major. */
  public void fold() {
    workers.run(images.shape().dim(0) * channels, (plane, _) -> foldPlane(plane));
  }

  private void foldPlane(int plane) {
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        Elements.set(images.data(), images.dtype(), pixel(plane, y, x), covering(plane, y, x));
      }
    }
  }

  /** Sum of the patch elements that lie over a pixel. */
  private double covering(int plane, int y, int x) {
    List<Long> s = patches.layout().strides();
    int kernel = op.kh() * op.kw();
    long row =
        patches.layout().offset()
            + plane / channels * s.get(0)
            + (long) (plane % channels) * kernel * s.get(1);
    double sum = 0;
    for (int i = 0; i < op.kh(); i++) {
      int oy = y + op.padding() - i;
      if (oy % op.stride() != 0 || oy < 0 || oy / op.stride() >= outHeight) {
        continue;
      }
      for (int j = 0; j < op.kw(); j++) {
        int ox = x + op.padding() - j;
        if (ox % op.stride() == 0 && ox >= 0 && ox / op.stride() < outWidth) {
          long column = (long) (oy / op.stride()) * outWidth + ox / op.stride();
          long at = row + (i * op.kw() + j) * s.get(1) + column * s.get(2);
          sum += Elements.get(patches.data(), patches.dtype(), at);
        }
      }
    }
    return sum;
  }
}
