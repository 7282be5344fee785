package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import org.jdit.tensor.Elements;
import org.jdit.tensor.JditException;

/** Rows of tables that integer ids name. */
public final class Indexed {
  private Indexed() {}

  /**
   * Rows of {@code table [V, D]}, itself row-major, for {@code ids [...]} into {@code out [...,
   * D]}.
   */
  public static Step gather(Workers workers, Operand table, Operand ids, Operand out) {
    Reader at = new Reader(ids);
    int rows = table.shape().dim(0);
    long bytes = (long) table.shape().dim(1) * table.dtype().bytes();
    int grain = Tasks.rows(table.shape().dim(1));
    return () ->
        workers.run(
            Tasks.of(ids.numel(), grain),
            (task, _) -> {
              long end = Math.min(ids.numel(), (task + 1L) * grain);
              for (long i = (long) task * grain; i < end; i++) {
                long id = id(ids, at, i, rows);
                MemorySegment.copy(
                    table.data(),
                    table.byteOffset() + id * bytes,
                    out.data(),
                    out.byteOffset() + i * bytes,
                    bytes);
              }
            });
  }

  /** Sums {@code values [..., D]} into the rows of {@code out [V, D]}, in the order of the ids. */
  public static Step scatterAdd(Workers workers, Operand values, Operand ids, Operand out) {
    Reader from = new Reader(values);
    Reader at = new Reader(ids);
    int rows = out.shape().dim(0);
    int width = out.shape().dim(1);
    int columns = 64;
    return () -> {
      out.data().asSlice(out.byteOffset(), out.numel() * out.dtype().bytes()).fill((byte) 0);
      workers.run(
          Tasks.of(width, columns),
          (task, _) -> {
            int first = task * columns;
            int end = Math.min(width, first + columns);
            for (long i = 0; i < ids.numel(); i++) {
              long row = out.layout().offset() + id(ids, at, i, rows) * width;
              for (int c = first; c < end; c++) {
                double x =
                    Elements.get(values.data(), values.dtype(), from.position(i * width + c));
                double sum = Elements.get(out.data(), out.dtype(), row + c) + x;
                Elements.set(out.data(), out.dtype(), row + c, sum);
              }
            }
          });
    };
  }

  private static long id(Operand ids, Reader at, long index, int rows) {
    long id = Elements.getLong(ids.data(), ids.dtype(), at.position(index));
    if (id < 0 || id >= rows) {
      throw new JditException(
          "id %d is outside the table of %d rows; give ids from 0 to %d."
              .formatted(id, rows, rows - 1));
    }
    return id;
  }
}
