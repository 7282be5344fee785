package org.jdit.tensor.tornado.kernel;

import java.util.List;
import org.jdit.tensor.op.LayerNorm;
import org.jdit.tensor.op.LayerNormModulate;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Normalisation over the last axis, a group of threads for each row. */
public final class LayerNormKernel {
  private LayerNormKernel() {}

  /**
   * {@code (x - mean) · rstd}.
   *
   * @param x {@code [..., D]} of any layout
   * @param y like x, contiguous, not empty
   * @param mean {@code [..., 1]}, contiguous
   * @param rstd {@code [..., 1]}, contiguous
   */
  public static Launch of(Frame f, LayerNorm op, Operand x, Operand y, Operand mean, Operand rstd) {
    IntArray walk = SoftmaxKernel.rows(f, x, y.offset());
    int width = x.shape().dim(-1);
    return new Launch(
        "layerNorm",
        Frame.groups(y.numel() / width, Group.SIZE),
        List.of(f.iteration(), x.array(), y.array(), mean.array(), rstd.array(), walk),
        (graph, id) ->
            graph.task(
                id,
                LayerNormKernel::layerNorm,
                f.context(),
                f.iteration(),
                x.floats(),
                y.floats(),
                mean.floats(),
                rstd.floats(),
                walk,
                width,
                x.stride(x.shape().rank() - 1),
                mean.offset(),
                rstd.offset(),
                (float) op.eps()));
  }

  static void layerNorm(
      KernelContext context,
      IntArray iteration,
      FloatArray x,
      FloatArray y,
      FloatArray mean,
      FloatArray rstd,
      IntArray walk,
      int width,
      int stride,
      int atMean,
      int atRstd,
      float eps) {
    float[] local = context.allocateFloatLocalArray(Group.SIZE);
    int row = context.groupIdx;
    int thread = context.localIdx;
    int at = Walk.at(walk, iteration, 0, row);
    int result = Walk.result(walk);
    float part = 0f;
    for (int k = thread; k < width; k += Group.SIZE) {
      part += x.get(at + k * stride);
    }
    float m = Group.sum(context, local, part) / width;
    float squares = 0f;
    for (int k = thread; k < width; k += Group.SIZE) {
      float centred = x.get(at + k * stride) - m;
      squares += centred * centred;
    }
    float r = 1f / TornadoMath.sqrt(Group.sum(context, local, squares) / width + eps);
    for (int k = thread; k < width; k += Group.SIZE) {
      y.set(result + row * width + k, (x.get(at + k * stride) - m) * r);
    }
    if (thread == 0) {
      mean.set(atMean + row, m);
      rstd.set(atRstd + row, r);
    }
  }

  /**
   * {@code norm(x) · (1 + scale) + shift}.
   *
   * @param x {@code [N, T, D]} of any layout
   * @param shift {@code [N, D]} of any layout
   * @param scale {@code [N, D]} of any layout
   * @param y like x, contiguous, not empty
   */
  public static Launch modulate(
      Frame f, LayerNormModulate op, Operand x, Operand shift, Operand scale, Operand y) {
    IntArray walk = SoftmaxKernel.rows(f, x, y.offset());
    int tokens = x.shape().dim(1);
    int width = x.shape().dim(2);
    IntArray places =
        f.tables()
            .of(
                x.stride(2),
                shift.offset(),
                shift.step(),
                shift.stride(0),
                shift.stride(1),
                scale.offset(),
                scale.step(),
                scale.stride(0),
                scale.stride(1));
    return new Launch(
        "layerNormModulate",
        Frame.groups(y.numel() / width, Group.SIZE),
        List.of(f.iteration(), x.array(), shift.array(), scale.array(), y.array(), walk, places),
        (graph, id) ->
            graph.task(
                id,
                LayerNormKernel::layerNormModulate,
                f.context(),
                f.iteration(),
                x.floats(),
                shift.floats(),
                scale.floats(),
                y.floats(),
                walk,
                places,
                tokens,
                width,
                (float) op.eps()));
  }

  static void layerNormModulate(
      KernelContext context,
      IntArray iteration,
      FloatArray x,
      FloatArray shift,
      FloatArray scale,
      FloatArray y,
      IntArray walk,
      IntArray places,
      int tokens,
      int width,
      float eps) {
    float[] local = context.allocateFloatLocalArray(Group.SIZE);
    int row = context.groupIdx;
    int thread = context.localIdx;
    int image = row / tokens;
    int i = iteration.get(0);
    int at = Walk.at(walk, iteration, 0, row);
    int result = Walk.result(walk);
    int stride = places.get(0);
    int atShift = places.get(1) + i * places.get(2) + image * places.get(3);
    int atScale = places.get(5) + i * places.get(6) + image * places.get(7);
    float part = 0f;
    for (int k = thread; k < width; k += Group.SIZE) {
      part += x.get(at + k * stride);
    }
    float m = Group.sum(context, local, part) / width;
    float squares = 0f;
    for (int k = thread; k < width; k += Group.SIZE) {
      float centred = x.get(at + k * stride) - m;
      squares += centred * centred;
    }
    float r = 1f / TornadoMath.sqrt(Group.sum(context, local, squares) / width + eps);
    for (int k = thread; k < width; k += Group.SIZE) {
      float normed = (x.get(at + k * stride) - m) * r;
      float factor = 1f + scale.get(atScale + k * places.get(8));
      y.set(result + row * width + k, normed * factor + shift.get(atShift + k * places.get(4)));
    }
  }
}
