package org.jdit.tensor.tornado.kernel;

import java.util.List;
import org.jdit.tensor.op.Fold;
import org.jdit.tensor.op.Unfold;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The patches of a convolution cut out and summed back, one thread for each result. */
public final class PatchKernel {
  private PatchKernel() {}

  /**
   * {@code x [N, C, H, W]}, of any layout, as {@code out [N, C·kh·kw, OH·OW]}, contiguous.
   *
   * @param out not empty
   */
  public static Launch unfold(Frame f, Unfold op, Operand x, Operand out) {
    int width = x.shape().dim(3);
    IntArray sizes = sizes(f, op, x.shape().dim(1), x.shape().dim(2), width, x);
    return launch("unfold", f, x, out, sizes, true);
  }

  /**
   * Patches {@code x [N, C·kh·kw, OH·OW]}, of any layout, as images {@code out [N, C, H, W]},
   * contiguous.
   *
   * @param out not empty
   */
  public static Launch fold(Frame f, Fold op, Operand x, Operand out) {
    IntArray sizes = sizes(f, op.unfold(), out.shape().dim(1), op.height(), op.width(), x);
    return launch("fold", f, x, out, sizes, false);
  }

  /** Sizes of images and patches, then the strides of {@code x}. */
  private static IntArray sizes(Frame f, Unfold op, int channels, int h, int w, Operand x) {
    int across = (w + 2 * op.padding() - op.kw()) / op.stride() + 1;
    int down = (h + 2 * op.padding() - op.kh()) / op.stride() + 1;
    int rank = x.shape().rank();
    int[] s = new int[9 + rank];
    int[] head = {channels, h, w, op.kh(), op.kw(), op.stride(), op.padding(), down, across};
    System.arraycopy(head, 0, s, 0, head.length);
    for (int i = 0; i < rank; i++) {
      s[head.length + i] = x.stride(i);
    }
    return f.tables().of(s);
  }

  private static Launch launch(
      String name, Frame f, Operand x, Operand out, IntArray sizes, boolean unfold) {
    return new Launch(
        name,
        Frame.independent(out.numel()),
        List.of(f.iteration(), x.array(), out.array(), sizes),
        (graph, id) ->
            graph.task(
                id,
                unfold ? PatchKernel::unfoldKernel : PatchKernel::foldKernel,
                f.context(),
                f.iteration(),
                x.floats(),
                out.floats(),
                sizes,
                out.numel(),
                x.offset(),
                x.step(),
                out.offset()));
  }

  static void unfoldKernel(
      KernelContext context,
      IntArray iteration,
      FloatArray x,
      FloatArray y,
      IntArray s,
      int n,
      int offset,
      int step,
      int result) {
    int i = context.globalIdx;
    if (i < n) {
      int places = s.get(7) * s.get(8);
      int window = s.get(3) * s.get(4);
      int place = i % places;
      int tap = i / places % window;
      int channel = i / places / window % s.get(0);
      int image = i / places / window / s.get(0);
      int row = place / s.get(8) * s.get(5) + tap / s.get(4) - s.get(6);
      int column = place % s.get(8) * s.get(5) + tap % s.get(4) - s.get(6);
      int at = offset + iteration.get(0) * step + image * s.get(9) + channel * s.get(10);
      boolean inside = row >= 0 && row < s.get(1) && column >= 0 && column < s.get(2);
      float element = 0f;
      if (inside) {
        element = x.get(at + row * s.get(11) + column * s.get(12));
      }
      y.set(result + i, element);
    }
  }

  static void foldKernel(
      KernelContext context,
      IntArray iteration,
      FloatArray x,
      FloatArray y,
      IntArray s,
      int n,
      int offset,
      int step,
      int result) {
    int i = context.globalIdx;
    if (i < n) {
      int column = i % s.get(2) + s.get(6);
      int row = i / s.get(2) % s.get(1) + s.get(6);
      int channel = i / s.get(2) / s.get(1) % s.get(0);
      int image = i / s.get(2) / s.get(1) / s.get(0);
      int window = s.get(3) * s.get(4);
      int at = offset + iteration.get(0) * step + image * s.get(9) + channel * window * s.get(10);
      float sum = 0f;
      for (int tap = 0; tap < window; tap++) {
        int down = row - tap / s.get(4);
        int across = column - tap % s.get(4);
        int placeDown = down / s.get(5);
        int placeAcross = across / s.get(5);
        boolean hit = down >= 0 && across >= 0 && placeDown < s.get(7) && placeAcross < s.get(8);
        if (hit && placeDown * s.get(5) == down && placeAcross * s.get(5) == across) {
          sum += x.get(at + tap * s.get(10) + (placeDown * s.get(8) + placeAcross) * s.get(11));
        }
      }
      y.set(result + i, sum);
    }
  }
}
