package org.jdit.tensor.tornado.kernel;

import java.util.List;
import org.jdit.tensor.DType;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;

/** Conversions between element types, one thread for each element. */
final class CastKernel {
  private CastKernel() {}

  /** {@code x} of any layout as a contiguous {@code out} of another type, or a copy of it. */
  static Launch of(Frame f, Operand x, Operand out) {
    if (x.dtype() == out.dtype()) {
      return CopyKernel.of(f, x, out);
    }
    IntArray walk = Walk.over(f, out.shape(), List.of(x), out.offset());
    Launch.Task task =
        switch (x.dtype()) {
          case F32 ->
              out.dtype() == DType.I64
                  ? (graph, id) ->
                      graph.task(
                          id,
                          CastKernel::floatsToLongs,
                          f.context(),
                          f.iteration(),
                          x.floats(),
                          out.longs(),
                          walk)
                  : (graph, id) ->
                      graph.task(
                          id,
                          CastKernel::floatsToBools,
                          f.context(),
                          f.iteration(),
                          x.floats(),
                          out.bytes(),
                          walk);
          case I64 ->
              out.dtype() == DType.F32
                  ? (graph, id) ->
                      graph.task(
                          id,
                          CastKernel::longsToFloats,
                          f.context(),
                          f.iteration(),
                          x.longs(),
                          out.floats(),
                          walk)
                  : (graph, id) ->
                      graph.task(
                          id,
                          CastKernel::longsToBools,
                          f.context(),
                          f.iteration(),
                          x.longs(),
                          out.bytes(),
                          walk);
          default ->
              out.dtype() == DType.F32
                  ? (graph, id) ->
                      graph.task(
                          id,
                          CastKernel::boolsToFloats,
                          f.context(),
                          f.iteration(),
                          x.bytes(),
                          out.floats(),
                          walk)
                  : (graph, id) ->
                      graph.task(
                          id,
                          CastKernel::boolsToLongs,
                          f.context(),
                          f.iteration(),
                          x.bytes(),
                          out.longs(),
                          walk);
        };
    return new Launch(
        "cast",
        Frame.independent(out.numel()),
        List.of(f.iteration(), x.array(), out.array(), walk),
        task);
  }

  static void floatsToLongs(
      KernelContext context, IntArray iteration, FloatArray x, LongArray y, IntArray walk) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      y.set(Walk.result(walk) + i, (long) x.get(Walk.at(walk, iteration, 0, i)));
    }
  }

  static void floatsToBools(
      KernelContext context, IntArray iteration, FloatArray x, ByteArray y, IntArray walk) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      y.set(Walk.result(walk) + i, (byte) (x.get(Walk.at(walk, iteration, 0, i)) != 0 ? 1 : 0));
    }
  }

  static void longsToFloats(
      KernelContext context, IntArray iteration, LongArray x, FloatArray y, IntArray walk) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      y.set(Walk.result(walk) + i, (float) x.get(Walk.at(walk, iteration, 0, i)));
    }
  }

  static void longsToBools(
      KernelContext context, IntArray iteration, LongArray x, ByteArray y, IntArray walk) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      y.set(Walk.result(walk) + i, (byte) (x.get(Walk.at(walk, iteration, 0, i)) != 0 ? 1 : 0));
    }
  }

  static void boolsToFloats(
      KernelContext context, IntArray iteration, ByteArray x, FloatArray y, IntArray walk) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      y.set(Walk.result(walk) + i, x.get(Walk.at(walk, iteration, 0, i)) != 0 ? 1 : 0);
    }
  }

  static void boolsToLongs(
      KernelContext context, IntArray iteration, ByteArray x, LongArray y, IntArray walk) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      y.set(Walk.result(walk) + i, x.get(Walk.at(walk, iteration, 0, i)) != 0 ? 1 : 0);
    }
  }
}
