package org.jdit.tensor.tornado.kernel;

import java.util.List;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;

/**
 * Rows of a table by their ids, and sums into them. An id outside the table is a failure of kind 1.
 */
public final class TableKernel {
  private TableKernel() {}

  /**
   * Rows of a table.
   *
   * @param table {@code [V, D]}, row-major
   * @param ids {@code [...]} in any layout
   * @param out {@code [..., D]}, contiguous, not empty
   */
  public static Launch gather(Frame f, Operand table, Operand ids, Operand out) {
    IntArray walk = Walk.over(f, ids.shape(), List.of(ids), out.offset());
    int rows = table.shape().dim(0);
    int width = table.shape().dim(1);
    Launch.Task task =
        switch (table.dtype()) {
          case F32 ->
              (graph, id) ->
                  graph.task(
                      id,
                      TableKernel::gatherFloats,
                      f.context(),
                      f.iteration(),
                      f.failure(),
                      table.floats(),
                      ids.longs(),
                      out.floats(),
                      walk,
                      rows,
                      width,
                      table.offset(),
                      table.step());
          case I64 ->
              (graph, id) ->
                  graph.task(
                      id,
                      TableKernel::gatherLongs,
                      f.context(),
                      f.iteration(),
                      f.failure(),
                      table.longs(),
                      ids.longs(),
                      out.longs(),
                      walk,
                      rows,
                      width,
                      table.offset(),
                      table.step());
          default ->
              (graph, id) ->
                  graph.task(
                      id,
                      TableKernel::gatherBytes,
                      f.context(),
                      f.iteration(),
                      f.failure(),
                      table.bytes(),
                      ids.longs(),
                      out.bytes(),
                      walk,
                      rows,
                      width,
                      table.offset(),
                      table.step());
        };
    return new Launch(
        "gather",
        Frame.independent(out.numel()),
        List.of(f.iteration(), f.failure(), table.array(), ids.array(), out.array(), walk),
        task);
  }

  static void gatherFloats(
      KernelContext context,
      IntArray iteration,
      LongArray failure,
      FloatArray x,
      LongArray ids,
      FloatArray y,
      IntArray walk,
      int rows,
      int width,
      int offset,
      int step) {
    int i = context.globalIdx;
    if (i < Walk.size(walk) * width) {
      long id = ids.get(Walk.at(walk, iteration, 0, i / width));
      int row = id < 0 || id >= rows ? -1 : (int) id;
      if (row < 0) {
        failure.set(1, id);
        failure.set(0, 1);
      } else {
        y.set(
            Walk.result(walk) + i,
            x.get(offset + iteration.get(0) * step + row * width + i % width));
      }
    }
  }

  static void gatherLongs(
      KernelContext context,
      IntArray iteration,
      LongArray failure,
      LongArray x,
      LongArray ids,
      LongArray y,
      IntArray walk,
      int rows,
      int width,
      int offset,
      int step) {
    int i = context.globalIdx;
    if (i < Walk.size(walk) * width) {
      long id = ids.get(Walk.at(walk, iteration, 0, i / width));
      int row = id < 0 || id >= rows ? -1 : (int) id;
      if (row < 0) {
        failure.set(1, id);
        failure.set(0, 1);
      } else {
        y.set(
            Walk.result(walk) + i,
            x.get(offset + iteration.get(0) * step + row * width + i % width));
      }
    }
  }

  static void gatherBytes(
      KernelContext context,
      IntArray iteration,
      LongArray failure,
      ByteArray x,
      LongArray ids,
      ByteArray y,
      IntArray walk,
      int rows,
      int width,
      int offset,
      int step) {
    int i = context.globalIdx;
    if (i < Walk.size(walk) * width) {
      long id = ids.get(Walk.at(walk, iteration, 0, i / width));
      int row = id < 0 || id >= rows ? -1 : (int) id;
      if (row < 0) {
        failure.set(1, id);
        failure.set(0, 1);
      } else {
        y.set(
            Walk.result(walk) + i,
            x.get(offset + iteration.get(0) * step + row * width + i % width));
      }
    }
  }

  /**
   * Values summed into the rows that their ids name, in the order of the ids.
   *
   * @param values {@code [..., D]} in any layout
   * @param ids {@code [...]} in any layout
   * @param out {@code [V, D]}, contiguous, not empty
   */
  public static Launch scatterAdd(Frame f, Operand values, Operand ids, Operand out) {
    Shape all = values.shape();
    int last = all.rank() - 1;
    // The position of a row, and of its id, by the number of the row.
    Strided l = values.layout();
    Strided firsts = new Strided(all.sub(0, last), l.offset(), l.strides().subList(0, last));
    IntArray walk = Walk.over(f, ids.shape(), List.of(ids, values.with(firsts)), out.offset());
    int rows = out.shape().dim(0);
    return new Launch(
        "scatterAdd",
        Frame.independent(out.numel()),
        List.of(f.iteration(), f.failure(), values.array(), ids.array(), out.array(), walk),
        (graph, id) ->
            graph.task(
                id,
                TableKernel::scatterAddKernel,
                f.context(),
                f.iteration(),
                f.failure(),
                values.floats(),
                ids.longs(),
                out.floats(),
                walk,
                rows,
                out.shape().dim(1),
                values.stride(last)));
  }

  static void scatterAddKernel(
      KernelContext context,
      IntArray iteration,
      LongArray failure,
      FloatArray values,
      LongArray ids,
      FloatArray y,
      IntArray walk,
      int rows,
      int width,
      int stride) {
    int i = context.globalIdx;
    if (i < rows * width) {
      int row = i / width;
      int column = i % width;
      float sum = 0f;
      for (int k = 0; k < Walk.size(walk); k++) {
        long id = ids.get(Walk.at(walk, iteration, 0, k));
        if (id < 0 || id >= rows) {
          failure.set(1, id);
          failure.set(0, 1);
        }
        if (id == row) {
          sum += values.get(Walk.at(walk, iteration, 1, k) + column * stride);
        }
      }
      y.set(Walk.result(walk) + i, sum);
    }
  }
}
