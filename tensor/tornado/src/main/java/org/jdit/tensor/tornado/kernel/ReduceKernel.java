package org.jdit.tensor.tornado.kernel;

import java.util.ArrayList;
import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import org.jdit.tensor.op.Reduce;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Sums and maxima: a group of threads for each result, or one thread where there is little. */
public final class ReduceKernel {
  /** So few elements one thread takes. */
  private static final int FEW = 32;

  private ReduceKernel() {}

  /**
   * A reduction over any axes.
   *
   * @param x of any layout
   * @param out contiguous, not empty; the axes have size 1
   */
  public static Launch of(Frame f, Reduce op, Operand x, Operand out) {
    Strided kept = part(x.layout(), op.axes(), false, x.layout().offset());
    Strided reduced = part(x.layout(), op.axes(), true, 0);
    IntArray outer = Walk.over(f, kept.shape(), List.of(x.with(kept)), out.offset());
    Operand each = new Operand(x.array(), x.dtype(), reduced);
    IntArray inner = Walk.over(f, reduced.shape(), List.of(each), 0);
    int count = Math.toIntExact(reduced.shape().numel());
    int n = out.numel();
    int max = op.fn() == Reduce.Fn.MAX ? 1 : 0;
    boolean few = count <= FEW;
    return new Launch(
        "reduce",
        few ? Frame.independent(n) : Frame.groups(n, Group.SIZE),
        List.of(f.iteration(), x.array(), out.array(), outer, inner),
        (graph, id) ->
            graph.task(
                id,
                few ? ReduceKernel::byThread : ReduceKernel::byGroup,
                f.context(),
                f.iteration(),
                x.floats(),
                out.floats(),
                outer,
                inner,
                max));
  }

  /** The axes that are among {@code axes}, or the others. */
  private static Strided part(Strided x, List<Integer> axes, boolean among, long offset) {
    List<Integer> dims = new ArrayList<>();
    List<Long> strides = new ArrayList<>();
    for (int axis = 0; axis < x.shape().rank(); axis++) {
      if (axes.contains(axis) == among) {
        dims.add(x.shape().dim(axis));
        strides.add(x.strides().get(axis));
      }
    }
    return new Strided(new Shape(dims), offset, strides);
  }

  static void byThread(
      KernelContext context,
      IntArray iteration,
      FloatArray x,
      FloatArray y,
      IntArray outer,
      IntArray inner,
      int max) {
    int i = context.globalIdx;
    if (i < Walk.size(outer)) {
      int at = Walk.at(outer, iteration, 0, i);
      float sum = max == 1 ? Float.NEGATIVE_INFINITY : 0f;
      for (int k = 0; k < Walk.size(inner); k++) {
        float element = x.get(at + Walk.at(inner, iteration, 0, k));
        sum = max == 1 ? Group.larger(sum, element) : sum + element;
      }
      y.set(Walk.result(outer) + i, sum);
    }
  }

  static void byGroup(
      KernelContext context,
      IntArray iteration,
      FloatArray x,
      FloatArray y,
      IntArray outer,
      IntArray inner,
      int max) {
    float[] local = context.allocateFloatLocalArray(Group.SIZE);
    int i = context.groupIdx;
    int at = Walk.at(outer, iteration, 0, i);
    float sum = max == 1 ? Float.NEGATIVE_INFINITY : 0f;
    for (int k = context.localIdx; k < Walk.size(inner); k += Group.SIZE) {
      float element = x.get(at + Walk.at(inner, iteration, 0, k));
      sum = max == 1 ? Group.larger(sum, element) : sum + element;
    }
    float total = max == 1 ? Group.max(context, local, sum) : Group.sum(context, local, sum);
    if (context.localIdx == 0) {
      y.set(Walk.result(outer) + i, total);
    }
  }
}
