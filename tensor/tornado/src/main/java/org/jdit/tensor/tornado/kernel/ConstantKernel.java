package org.jdit.tensor.tornado.kernel;

import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;

/** Values that follow from the position alone, one thread for each element. */
public final class ConstantKernel {
  private ConstantKernel() {}

  /** One number everywhere; {@code out} is contiguous. */
  public static Launch fill(Frame f, double value, Operand out) {
    return of(f, "fill", 1, 1, 0, value, out);
  }

  /** The index along an axis; {@code out} is contiguous. */
  public static Launch iota(Frame f, int axis, Operand out) {
    int inner = Math.toIntExact(out.shape().sub(axis + 1, out.shape().rank()).numel());
    return of(f, "iota", inner, out.shape().dim(axis), 1, 0, out);
  }

  /** {@code index / inner % size · by + value}. */
  private static Launch of(
      Frame f, String name, int inner, int size, int by, double value, Operand out) {
    int n = out.numel();
    Launch.Task task =
        switch (out.dtype()) {
          case F32 ->
              (graph, id) ->
                  graph.task(
                      id,
                      ConstantKernel::fillFloats,
                      f.context(),
                      out.floats(),
                      n,
                      inner,
                      size,
                      by,
                      (float) value,
                      out.offset());
          case I64 ->
              (graph, id) ->
                  graph.task(
                      id,
                      ConstantKernel::fillLongs,
                      f.context(),
                      out.longs(),
                      n,
                      inner,
                      size,
                      by,
                      (long) value,
                      out.offset());
          default ->
              (graph, id) ->
                  graph.task(
                      id,
                      ConstantKernel::fillBytes,
                      f.context(),
                      out.bytes(),
                      n,
                      inner,
                      size,
                      by,
                      value == 0 ? 0 : 1,
                      out.offset());
        };
    return new Launch(name, Frame.independent(n), List.of(out.array()), task);
  }

  static void fillFloats(
      KernelContext context,
      FloatArray y,
      int n,
      int inner,
      int size,
      int by,
      float value,
      int offset) {
    int i = context.globalIdx;
    if (i < n) {
      int index = i / inner % size * by;
      y.set(offset + i, index + value);
    }
  }

  static void fillLongs(
      KernelContext context,
      LongArray y,
      int n,
      int inner,
      int size,
      int by,
      long value,
      int offset) {
    int i = context.globalIdx;
    if (i < n) {
      int index = i / inner % size * by;
      y.set(offset + i, index + value);
    }
  }

  static void fillBytes(
      KernelContext context,
      ByteArray y,
      int n,
      int inner,
      int size,
      int by,
      int value,
      int offset) {
    int i = context.globalIdx;
    if (i < n) {
      y.set(offset + i, (byte) (i / inner % size * by + value != 0 ? 1 : 0));
    }
  }
}
