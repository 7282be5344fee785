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
    Walk walk = SoftmaxKernel.rows(f, x);
    int width = x.shape().dim(-1);
    return new Launch(
        "layerNorm",
        Frame.groups(y.numel() / width, Group.SIZE),
        List.of(f.iteration(), x.array(), y.array(), mean.array(), rstd.array(), walk.table()),
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
                walk.table(),
                walk.rank(),
                width,
                x.stride(x.shape().rank() - 1),
                x.offset(),
                x.step(),
                y.offset(),
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
      IntArray table,
      int rank,
      int width,
      int stride,
      int offset,
      int step,
      int result,
      int atMean,
      int atRstd,
      float eps) {
    float[] local = context.allocateFloatLocalArray(Group.SIZE);
    int row = context.groupIdx;
    int thread = context.localIdx;
    int at = offset + iteration.get(0) * step + Walk.at(table, rank, 0, row);
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
    Walk walk = SoftmaxKernel.rows(f, x);
    int tokens = x.shape().dim(1);
    int width = x.shape().dim(2);
    IntArray places =
        f.tables()
            .of(
                x.offset(),
                x.step(),
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
        List.of(
            f.iteration(),
            x.array(),
            shift.array(),
            scale.array(),
            y.array(),
            walk.table(),
            places),
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
                walk.table(),
                places,
                walk.rank(),
                tokens,
                width,
                y.offset(),
                (float) op.eps()));
  }

  static void layerNormModulate(
      KernelContext context,
      IntArray iteration,
      FloatArray x,
      FloatArray shift,
      FloatArray scale,
      FloatArray y,
      IntArray table,
      IntArray places,
      int rank,
      int tokens,
      int width,
      int result,
      float eps) {
    float[] local = context.allocateFloatLocalArray(Group.SIZE);
    int row = context.groupIdx;
    int thread = context.localIdx;
    int image = row / tokens;
    int i = iteration.get(0);
    int at = places.get(0) + i * places.get(1) + Walk.at(table, rank, 0, row);
    int stride = places.get(2);
    int atShift = places.get(3) + i * places.get(4) + image * places.get(5);
    int atScale = places.get(7) + i * places.get(8) + image * places.get(9);
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
      float factor = 1f + scale.get(atScale + k * places.get(10));
      y.set(result + row * width + k, normed * factor + shift.get(atShift + k * places.get(6)));
    }
  }
}
