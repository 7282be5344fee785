package org.jdit.tensor.tornado.kernel;

import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Softmax over the last axis, a group of threads for each row. */
public final class SoftmaxKernel {
  private SoftmaxKernel() {}

  /** {@code x [..., D]} of any layout; {@code y} contiguous, not empty. */
  public static Launch of(Frame f, Operand x, Operand y) {
    IntArray walk = rows(f, x, y.offset());
    int width = x.shape().dim(-1);
    return new Launch(
        "softmax",
        Frame.groups(y.numel() / width, Group.SIZE),
        List.of(f.iteration(), x.array(), y.array(), walk),
        (graph, id) ->
            graph.task(
                id,
                SoftmaxKernel::softmax,
                f.context(),
                f.iteration(),
                x.floats(),
                y.floats(),
                walk,
                width,
                x.stride(x.shape().rank() - 1)));
  }

  /** The walk over the first elements of the rows of {@code x [..., D]}. */
  static IntArray rows(Frame f, Operand x, int result) {
    int last = x.shape().rank() - 1;
    Shape leading = x.shape().sub(0, last);
    Strided firsts =
        new Strided(leading, x.layout().offset(), x.layout().strides().subList(0, last));
    return Walk.over(f, leading, List.of(x.with(firsts)), result);
  }

  static void softmax(
      KernelContext context,
      IntArray iteration,
      FloatArray x,
      FloatArray y,
      IntArray walk,
      int width,
      int stride) {
    float[] local = context.allocateFloatLocalArray(Group.SIZE);
    int row = context.groupIdx;
    int thread = context.localIdx;
    int at = Walk.at(walk, iteration, 0, row);
    int result = Walk.result(walk);
    float largest = Float.NEGATIVE_INFINITY;
    for (int k = thread; k < width; k += Group.SIZE) {
      largest = Group.larger(largest, x.get(at + k * stride));
    }
    float max = Group.max(context, local, largest);
    float part = 0f;
    for (int k = thread; k < width; k += Group.SIZE) {
      float e = TornadoMath.exp(x.get(at + k * stride) - max);
      y.set(result + row * width + k, e);
      part += e;
    }
    float sum = Group.sum(context, local, part);
    for (int k = thread; k < width; k += Group.SIZE) {
      y.set(result + row * width + k, y.get(result + row * width + k) / sum);
    }
  }
}
