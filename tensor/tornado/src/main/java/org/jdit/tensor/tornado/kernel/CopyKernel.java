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
    Walk walk = Walk.of(f, to.shape(), List.of(from.layout(), to.layout()));
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
                      walk.table(),
                      walk.rank(),
                      to.numel(),
                      from.offset(),
                      from.step(),
                      to.offset());
          case I64 ->
              (graph, id) ->
                  graph.task(
                      id,
                      CopyKernel::copyLongs,
                      f.context(),
                      f.iteration(),
                      from.longs(),
                      to.longs(),
                      walk.table(),
                      walk.rank(),
                      to.numel(),
                      from.offset(),
                      from.step(),
                      to.offset());
          default ->
              (graph, id) ->
                  graph.task(
                      id,
                      CopyKernel::copyBytes,
                      f.context(),
                      f.iteration(),
                      from.bytes(),
                      to.bytes(),
                      walk.table(),
                      walk.rank(),
                      to.numel(),
                      from.offset(),
                      from.step(),
                      to.offset());
        };
    return new Launch(
        "copy",
        Frame.independent(to.numel()),
        List.of(f.iteration(), from.array(), to.array(), walk.table()),
        task);
  }

  static void copyFloats(
      KernelContext context,
      IntArray iteration,
      FloatArray x,
      FloatArray y,
      IntArray table,
      int rank,
      int n,
      int offset,
      int step,
      int result) {
    int i = context.globalIdx;
    if (i < n) {
      float element = x.get(offset + iteration.get(0) * step + Walk.at(table, rank, 0, i));
      y.set(result + Walk.at(table, rank, 1, i), element);
    }
  }

  static void copyLongs(
      KernelContext context,
      IntArray iteration,
      LongArray x,
      LongArray y,
      IntArray table,
      int rank,
      int n,
      int offset,
      int step,
      int result) {
    int i = context.globalIdx;
    if (i < n) {
      long element = x.get(offset + iteration.get(0) * step + Walk.at(table, rank, 0, i));
      y.set(result + Walk.at(table, rank, 1, i), element);
    }
  }

  static void copyBytes(
      KernelContext context,
      IntArray iteration,
      ByteArray x,
      ByteArray y,
      IntArray table,
      int rank,
      int n,
      int offset,
      int step,
      int result) {
    int i = context.globalIdx;
    if (i < n) {
      byte element = x.get(offset + iteration.get(0) * step + Walk.at(table, rank, 0, i));
      y.set(result + Walk.at(table, rank, 1, i), element);
    }
  }
}
