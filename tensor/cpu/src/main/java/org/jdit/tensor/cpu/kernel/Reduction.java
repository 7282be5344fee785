package org.jdit.tensor.cpu.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jdit.tensor.DType;
import org.jdit.tensor.Elements;
import org.jdit.tensor.Shape;
import org.jdit.tensor.op.Reduce;

/**
 * Sums and maxima over axes. Where the last axis is reduced, each result is taken over its elements
 * in a row; otherwise rows are added up side by side. Long reductions are cut into blocks and the
 * blocks' results are combined in order, in double. All this goes by the shape alone, so that a
 * result depends neither on the layout nor on the threads.
 */
public final class Reduction implements Step {
  /** Elements of a block of one result. */
  private static final int BLOCK = 1 << 16;

  private final Workers workers;
  private final Registers registers;
  private final Reduce.Fn fn;
  private final Operand from;
  private final Reader x;
  private final Writer y;
  private final long results;
  private final long terms;
  private final boolean wide;
  private final boolean sideBySide;
  private final int blocks;
  private final double[] partial;
  private final double[][] sums;

  /** The reduction {@code op} of {@code from} into {@code to}. */
  public Reduction(Workers workers, Registers registers, Reduce op, Operand from, Operand to) {
    this.workers = workers;
    this.registers = registers;
    this.fn = op.fn();
    results = to.numel();
    terms = results == 0 ? 0 : from.numel() / results;
    List<Integer> kept = new ArrayList<>();
    for (int i = 0; i < from.shape().rank(); i++) {
      if (!op.axes().contains(i)) {
        kept.add(i);
      }
    }
    wide = from.dtype() == DType.F64;
    sideBySide = !wide && results > 1 && terms > 0 && holdLast(from.shape(), kept);
    List<Integer> order = new ArrayList<>(sideBySide ? op.axes() : kept);
    order.addAll(sideBySide ? kept : op.axes());
    this.from = from.with(from.layout().permute(order));
    x = new Reader(this.from);
    y = new Writer(to);
    if (sideBySide) {
      blocks = results >= 8L * Registers.CHUNK ? 1 : Math.clamp(terms / 64, 1, 16);
    } else {
      blocks = wide ? 1 : Math.max(1, Tasks.of(terms, BLOCK));
    }
    partial = blocks == 1 ? new double[0] : new double[Math.toIntExact(blocks * results)];
    sums = new double[workers.threads()][Registers.CHUNK];
    registers.demand(1, Registers.CHUNK);
  }

  /** Whether the last axis with more than one index is among {@code axes}. */
  private static boolean holdLast(Shape shape, List<Integer> axes) {
    int last = shape.rank() - 1;
    while (last >= 0 && shape.dim(last) == 1) {
      last--;
    }
    return axes.contains(last);
  }

  @Override
  public void run() {
    if (sideBySide) {
      int chunks = Tasks.of(results, Registers.CHUNK);
      workers.run(blocks * chunks, (t, w) -> columns(t / chunks, t % chunks, w));
    } else if (blocks > 1) {
      workers.run(Math.toIntExact(results * blocks), this::block);
    } else {
      workers.run(Tasks.of(results, rowsPerTask()), this::rows);
    }
    if (blocks > 1) {
      combine();
    }
  }

  // ---- one result after the other ----------------------------------------------------------

  private int rowsPerTask() {
    return Math.min(Registers.CHUNK, Tasks.rows(terms));
  }

  private void rows(int task, int worker) {
    double[] out = sums[worker];
    long first = (long) task * rowsPerTask();
    int n = (int) Math.min(rowsPerTask(), results - first);
    for (int i = 0; i < n; i++) {
      out[i] = over((first + i) * terms, (first + i + 1) * terms, worker);
    }
    write(first, n, out, 0, registers.of(worker)[0]);
  }

  private void block(int task, int worker) {
    long result = task / blocks;
    long start = result * terms + (long) (task % blocks) * BLOCK;
    long end = Math.min(start + BLOCK, (result + 1) * terms);
    partial[Math.toIntExact(task % blocks * results + result)] = over(start, end, worker);
  }

  private double over(long start, long end, int worker) {
    if (wide) {
      return overDoubles(start, end);
    }
    float[] chunk = registers.of(worker)[0];
    double total = identity();
    for (long at = start; at < end; at += Registers.CHUNK) {
      int n = (int) Math.min(Registers.CHUNK, end - at);
      x.read(at, n, chunk, 0);
      total =
          switch (fn) {
            case SUM -> total + Sums.sum(chunk, n);
            case MAX -> Math.max(total, Sums.max(chunk, n));
          };
    }
    return total;
  }

  private double overDoubles(long start, long end) {
    double total = identity();
    for (long i = start; i < end; i++) {
      total = join(total, Elements.get(from.data(), DType.F64, x.position(i)));
    }
    return total;
  }

  // ---- side by side ------------------------------------------------------------------------

  private void columns(int block, int chunk, int worker) {
    float[] row = registers.of(worker)[0];
    double[] sum = sums[worker];
    long first = (long) chunk * Registers.CHUNK;
    int n = (int) Math.min(Registers.CHUNK, results - first);
    long end = terms * (block + 1) / blocks;
    Arrays.fill(sum, 0, n, identity());
    for (long term = terms * block / blocks; term < end; term++) {
      x.read(term * results + first, n, row, 0);
      joinAll(sum, row, n);
    }
    if (blocks > 1) {
      System.arraycopy(sum, 0, partial, Math.toIntExact(block * results + first), n);
    } else {
      write(first, n, sum, 0, row);
    }
  }

  private void joinAll(double[] sum, float[] row, int n) {
    switch (fn) {
      case SUM -> {
        for (int i = 0; i < n; i++) {
          sum[i] += row[i];
        }
      }
      case MAX -> {
        for (int i = 0; i < n; i++) {
          sum[i] = Math.max(sum[i], row[i]);
        }
      }
    }
  }

  // ---- both --------------------------------------------------------------------------------

  private double identity() {
    return fn == Reduce.Fn.SUM ? 0 : Double.NEGATIVE_INFINITY;
  }

  private double join(double a, double b) {
    return fn == Reduce.Fn.SUM ? a + b : Math.max(a, b);
  }

  private void combine() {
    int n = Math.toIntExact(results);
    for (int b = 1; b < blocks; b++) {
      for (int i = 0; i < n; i++) {
        partial[i] = join(partial[i], partial[b * n + i]);
      }
    }
    float[] row = registers.of(0)[0];
    for (int at = 0; at < n; at += Registers.CHUNK) {
      write(at, Math.min(Registers.CHUNK, n - at), partial, at, row);
    }
  }

  private void write(long first, int n, double[] values, int at, float[] row) {
    if (wide) {
      for (int i = 0; i < n; i++) {
        y.writeDouble(first + i, values[at + i]);
      }
      return;
    }
    for (int i = 0; i < n; i++) {
      row[i] = (float) values[at + i];
    }
    y.write(first, n, row, 0);
  }
}
