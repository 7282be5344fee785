package org.jdit.tensor.tornado.kernel;

import java.util.List;
import org.jdit.tensor.op.GroupNorm;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Normalisation over groups of channels, a group of threads for each of an image. */
public final class GroupNormKernel {
  private GroupNormKernel() {}

  /**
   * {@code norm(x) · weight + bias}, then SiLU if the operation says so.
   *
   * @param x {@code [N, C, H, W]} of any layout
   * @param weight {@code [C]}
   * @param bias {@code [C]}
   * @param y like x, contiguous, not empty
   */
  public static Launch of(
      Frame f, GroupNorm op, Operand x, Operand weight, Operand bias, Operand y) {
    int channels = x.shape().dim(1) / op.groups();
    int width = x.shape().dim(3);
    int pixels = x.shape().dim(2) * width;
    IntArray places =
        f.tables()
            .of(
                x.offset(),
                x.step(),
                x.stride(0),
                x.stride(1),
                x.stride(2),
                x.stride(3),
                weight.offset(),
                weight.step(),
                weight.stride(0),
                bias.offset(),
                bias.step(),
                bias.stride(0),
                y.offset(),
                op.groups(),
                channels,
                pixels,
                width);
    return new Launch(
        "groupNorm",
        Frame.groups(x.shape().dim(0) * op.groups(), Group.SIZE),
        List.of(f.iteration(), x.array(), weight.array(), bias.array(), y.array(), places),
        (graph, id) ->
            graph.task(
                id,
                GroupNormKernel::groupNorm,
                f.context(),
                f.iteration(),
                x.floats(),
                weight.floats(),
                bias.floats(),
                y.floats(),
                places,
                (float) op.eps(),
                op.silu() ? 1 : 0,
                x.layout().isContiguous() ? 1 : 0));
  }

  static void groupNorm(
      KernelContext context,
      IntArray iteration,
      FloatArray x,
      FloatArray weight,
      FloatArray bias,
      FloatArray y,
      IntArray places,
      float eps,
      int silu,
      int contiguous) {
    float[] local = context.allocateFloatLocalArray(Group.SIZE);
    int result = places.get(12);
    int groups = places.get(13);
    int channels = places.get(14);
    int pixels = places.get(15);
    int width = places.get(16);
    int number = context.groupIdx;
    int thread = context.localIdx;
    int first = number % groups * channels;
    int i = iteration.get(0);
    int count = channels * pixels;
    int at =
        places.get(0) + i * places.get(1) + number / groups * places.get(2) + first * places.get(3);
    float part = 0f;
    for (int k = thread; k < count; k += Group.SIZE) {
      part += x.get(at + position(places, k, pixels, width, contiguous));
    }
    float m = Group.sum(context, local, part) / count;
    float squares = 0f;
    for (int k = thread; k < count; k += Group.SIZE) {
      float centred = x.get(at + position(places, k, pixels, width, contiguous)) - m;
      squares += centred * centred;
    }
    float r = 1f / TornadoMath.sqrt(Group.sum(context, local, squares) / count + eps);
    for (int k = thread; k < count; k += Group.SIZE) {
      int channel = first + k / pixels;
      float normed = (x.get(at + position(places, k, pixels, width, contiguous)) - m) * r;
      float w = weight.get(places.get(6) + i * places.get(7) + channel * places.get(8));
      float b = bias.get(places.get(9) + i * places.get(10) + channel * places.get(11));
      float z = normed * w + b;
      y.set(result + number * count + k, silu == 1 ? FloatMath.silu(z) : z);
    }
  }

  /** Where an element of a group lies, from the group's first. */
  private static int position(IntArray places, int k, int pixels, int width, int contiguous) {
    int pixel = k % pixels;
    int strided =
        k / pixels * places.get(3) + pixel / width * places.get(4) + pixel % width * places.get(5);
    return contiguous == 1 ? k : strided;
  }
}
