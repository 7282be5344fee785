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
    Walk walk = Walk.of(f, ids.shape(), List.of(ids.layout()));
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
                      walk.table(),
                      walk.rank(),
                      rows,
                      width,
                      out.numel(),
                      table.offset(),
                      table.step(),
                      ids.offset(),
                      ids.step(),
                      out.offset());
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
                      walk.table(),
                      walk.rank(),
                      rows,
                      width,
                      out.numel(),
                      table.offset(),
                      table.step(),
                      ids.offset(),
                      ids.step(),
                      out.offset());
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
                      walk.table(),
                      walk.rank(),
                      rows,
                      width,
                      out.numel(),
                      table.offset(),
                      table.step(),
                      ids.offset(),
                      ids.step(),
                      out.offset());
        };
    return new Launch(
        "gather",
        Frame.independent(out.numel()),
        List.of(f.iteration(), f.failure(), table.array(), ids.array(), out.array(), walk.table()),
        task);
  }

  static void gatherFloats(
      KernelContext context,
      IntArray iteration,
      LongArray failure,
      FloatArray x,
      LongArray ids,
      FloatArray y,
      IntArray table,
      int rank,
      int rows,
      int width,
      int n,
      int offset,
      int step,
      int idOffset,
      int idStep,
      int result) {
    int i = context.globalIdx;
    if (i < n) {
      long id = ids.get(idOffset + iteration.get(0) * idStep + Walk.at(table, rank, 0, i / width));
      int row = id < 0 || id >= rows ? -1 : (int) id;
      if (row < 0) {
        failure.set(1, id);
        failure.set(0, 1);
      } else {
        y.set(result + i, x.get(offset + iteration.get(0) * step + row * width + i % width));
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
      IntArray table,
      int rank,
      int rows,
      int width,
      int n,
      int offset,
      int step,
      int idOffset,
      int idStep,
      int result) {
    int i = context.globalIdx;
    if (i < n) {
      long id = ids.get(idOffset + iteration.get(0) * idStep + Walk.at(table, rank, 0, i / width));
      int row = id < 0 || id >= rows ? -1 : (int) id;
      if (row < 0) {
        failure.set(1, id);
        failure.set(0, 1);
      } else {
        y.set(result + i, x.get(offset + iteration.get(0) * step + row * width + i % width));
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
      IntArray table,
      int rank,
      int rows,
      int width,
      int n,
      int offset,
      int step,
      int idOffset,
      int idStep,
      int result) {
    int i = context.globalIdx;
    if (i < n) {
      long id = ids.get(idOffset + iteration.get(0) * idStep + Walk.at(table, rank, 0, i / width));
      int row = id < 0 || id >= rows ? -1 : (int) id;
      if (row < 0) {
        failure.set(1, id);
        failure.set(0, 1);
      } else {
        y.set(result + i, x.get(offset + iteration.get(0) * step + row * width + i % width));
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
    Strided firsts = new Strided(all.sub(0, last), 0, values.layout().strides().subList(0, last));
    Walk walk = Walk.of(f, ids.shape(), List.of(ids.layout(), firsts));
    int count = ids.numel();
    int rows = out.shape().dim(0);
    return new Launch(
        "scatterAdd",
        Frame.independent(out.numel()),
        List.of(f.iteration(), f.failure(), values.array(), ids.array(), out.array(), walk.table()),
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
                walk.table(),
                walk.rank(),
                count,
                rows,
                out.shape().dim(1),
                out.numel(),
                values.offset(),
                values.step(),
                values.stride(last),
                ids.offset(),
                ids.step(),
                out.offset()));
  }

  static void scatterAddKernel(
      KernelContext context,
      IntArray iteration,
      LongArray failure,
      FloatArray values,
      LongArray ids,
      FloatArray y,
      IntArray table,
      int rank,
      int count,
      int rows,
      int width,
      int n,
      int offset,
      int step,
      int stride,
      int idOffset,
      int idStep,
      int result) {
    int i = context.globalIdx;
    if (i < n) {
      int atIds = idOffset + iteration.get(0) * idStep;
      int atValues = offset + iteration.get(0) * step;
      int row = i / width;
      int column = i % width;
      float sum = 0f;
      for (int k = 0; k < count; k++) {
        long id = ids.get(atIds + Walk.at(table, rank, 0, k));
        if (id < 0 || id >= rows) {
          failure.set(1, id);
          failure.set(0, 1);
        }
        if (id == row) {
          sum += values.get(atValues + Walk.at(table, rank, 1, k) + column * stride);
        }
      }
      y.set(result + i, sum);
    }
  }
}
