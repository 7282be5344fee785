package org.jdit.tensor.tornado.kernel;

import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;

/** Copies from one layout to another, one thread for each element. */
public final class CopyKernel {
  private CopyKernel() {}

  /** {@code to = from}; both of one shape and type, not empty, in any layout. */
  public static Launch of(Frame f, Operand from, Operand to) {
    IntArray walk = Walk.over(f, to.shape(), List.of(from, to), 0);
    Launch.Task task =
        switch (from.dtype()) {
          case F32 ->
              (graph, id) ->
                  graph.task(
                      id,
                      CopyKernel::copyFloats,
                      f.context(),
                      f.iteration(),
                      from.floats(),
                      to.floats(),
                      walk);
          case I64 ->
              (graph, id) ->
                  graph.task(
                      id,
                      CopyKernel::copyLongs,
                      f.context(),
                      f.iteration(),
                      from.longs(),
                      to.longs(),
                      walk);
          default ->
              (graph, id) ->
                  graph.task(
                      id,
                      CopyKernel::copyBytes,
                      f.context(),
                      f.iteration(),
                      from.bytes(),
                      to.bytes(),
                      walk);
        };
    return new Launch(
        "copy",
        Frame.independent(to.numel()),
        List.of(f.iteration(), from.array(), to.array(), walk),
        task);
  }

  static void copyFloats(
      KernelContext context, IntArray iteration, FloatArray x, FloatArray y, IntArray walk) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      float element = x.get(Walk.at(walk, iteration, 0, i));
      y.set(Walk.at(walk, iteration, 1, i), element);
    }
  }

  static void copyLongs(
      KernelContext context, IntArray iteration, LongArray x, LongArray y, IntArray walk) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      long element = x.get(Walk.at(walk, iteration, 0, i));
      y.set(Walk.at(walk, iteration, 1, i), element);
    }
  }

  static void copyBytes(
      KernelContext context, IntArray iteration, ByteArray x, ByteArray y, IntArray walk) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      byte element = x.get(Walk.at(walk, iteration, 0, i));
      y.set(Walk.at(walk, iteration, 1, i), element);
    }
  }
}
