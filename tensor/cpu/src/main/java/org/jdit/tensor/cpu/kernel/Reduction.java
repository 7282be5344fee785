package org.jdit.tensor.cpu.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jdit.tensor.DType;
import org.jdit.tensor.Elements;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import org.jdit.tensor.op.Reduce;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Program;

/**
 * Sums and maxima over axes. Where the last axis is reduced, each result is taken over its elements
 * in a row; otherwise rows are added up side by side. Long reductions are cut into blocks and the
 * blocks' results are combined in order, in double. All this goes by the shape alone, so that a
 * result depends neither on the layout nor on the threads.
 */
public final class Reduction implements Step {
  /** Elements of a block of one result. */
  private static final int BLOCK = 1 << 16;

  /** Where the elements come from, in the order in which they are reduced. */
  @FunctionalInterface
  private interface Source {
    /** What a worker reads, until a step is built. */
    Chunks open(int worker);
  }

  /** Elements as floats. */
  @FunctionalInterface
  private interface Chunks {
    /** The address of some of them, until the next call. */
    long at(long start, int n);
  }

  /** Elements that floats cannot hold. */
  private record Doubles(Operand from, Reader reader) {
    double get(long index) {
      return Elements.get(from.data(), DType.F64, reader.position(index));
    }
  }

  private final Workers workers;
  private final Registers registers;
  private final Reduce.Fn fn;
  private final Source source;
  private final Optional<Doubles> doubles;
  private final Writer y;
  private final long results;
  private final long terms;
  private final boolean sideBySide;
  private final int blocks;
  private final double[] partial;
  private final double[][] sums;

  /** The reduction {@code op} of {@code from} into {@code to}. */
  public static Step of(Workers workers, Registers registers, Reduce op, Operand from, Operand to) {
    Order order = Order.of(op, from.shape(), from.dtype() == DType.F64);
    Operand x = order.turn(from);
    Reader reader = new Reader(x);
    Source source =
        worker -> {
          long register = registers.at(worker, 0);
          return (start, n) -> reader.chunk(start, n, register);
        };
    Optional<Doubles> doubles =
        from.dtype() == DType.F64 ? Optional.of(new Doubles(x, reader)) : Optional.empty();
    return new Reduction(workers, registers, op.fn(), source, doubles, from.numel(), order, to);
  }

  /**
   * The reduction of what a chain computes.
   *
   * @param chain element-wise operations on values that stretch to one shape, and the reduction of
   *     the last one's result
   */
  public static Step chain(
      Workers workers, Registers registers, Program chain, List<Operand> in, Operand to) {
    List<Node> nodes = chain.nodes().subList(0, chain.nodes().size() - 1);
    Reduce op = (Reduce) chain.nodes().getLast().op();
    int reduced = chain.nodes().getLast().in().getFirst();
    Shape shape = chain.spec(reduced).shape();
    Order order = Order.of(op, shape, false);
    List<Operand> turned =
        in.stream().map(x -> x.numel() == 1 ? x : order.turn(x.expand(shape))).toList();
    Chain values = new Chain(registers, order.turn(Strided.contiguous(shape)).shape(), turned);
    int slot = values.compute(nodes, chain.inputs(), Set.of(reduced)).get(reduced);
    values.complete(Registers.CHUNK, List.of(slot));
    Source source =
        worker -> {
          Chain.Frame frame = values.frame(worker, Registers.CHUNK);
          return (start, n) -> {
            values.run(start, n, frame);
            return frame.at(slot);
          };
        };
    return new Reduction(
        workers, registers, op.fn(), source, Optional.empty(), shape.numel(), order, to);
  }

  private Reduction(
      Workers workers,
      Registers registers,
      Reduce.Fn fn,
      Source source,
      Optional<Doubles> doubles,
      long numel,
      Order order,
      Operand to) {
    this.workers = workers;
    this.registers = registers;
    this.fn = fn;
    this.source = source;
    this.doubles = doubles;
    sideBySide = order.sideBySide;
    results = to.numel();
    terms = results == 0 ? 0 : numel / results;
    y = new Writer(to);
    if (sideBySide) {
      blocks = results >= 8L * Registers.CHUNK ? 1 : Math.clamp(terms / 64, 1, 16);
    } else {
      blocks = doubles.isPresent() ? 1 : Math.max(1, Tasks.of(terms, BLOCK));
    }
    partial = blocks == 1 ? new double[0] : new double[Math.toIntExact(blocks * results)];
    sums = new double[workers.threads()][Registers.CHUNK];
    registers.demand(1, Registers.CHUNK);
  }

  /**
   * How elements are walked.
   *
   * @param axes the axes, outermost first
   * @param sideBySide whether the results are inside
   */
  private record Order(List<Integer> axes, boolean sideBySide) {
    static Order of(Reduce op, Shape shape, boolean wide) {
      List<Integer> kept = new ArrayList<>();
      for (int i = 0; i < shape.rank(); i++) {
        if (!op.axes().contains(i)) {
          kept.add(i);
        }
      }
      boolean many = kept.stream().anyMatch(axis -> shape.dim(axis) > 1) && shape.numel() > 0;
      boolean sideBySide = !wide && many && holdLast(shape, kept);
      List<Integer> axes = new ArrayList<>(sideBySide ? op.axes() : kept);
      axes.addAll(sideBySide ? kept : op.axes());
      return new Order(axes, sideBySide);
    }

    Operand turn(Operand x) {
      return x.with(turn(x.layout()));
    }

    Strided turn(Strided layout) {
      return layout.permute(axes);
    }
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
    Chunks chunks = source.open(worker);
    long first = (long) task * rowsPerTask();
    int n = (int) Math.min(rowsPerTask(), results - first);
    for (int i = 0; i < n; i++) {
      out[i] = over((first + i) * terms, (first + i + 1) * terms, chunks);
    }
    write(first, n, out, 0, registers.at(worker, 0));
  }

  private void block(int task, int worker) {
    long result = task / blocks;
    long start = result * terms + (long) (task % blocks) * BLOCK;
    long end = Math.min(start + BLOCK, (result + 1) * terms);
    int to = Math.toIntExact(task % blocks * results + result);
    partial[to] = over(start, end, source.open(worker));
  }

  private double over(long start, long end, Chunks chunks) {
    if (doubles.isPresent()) {
      return over(start, end, doubles.get());
    }
    double total = identity();
    for (long at = start; at < end; at += Registers.CHUNK) {
      int n = (int) Math.min(Registers.CHUNK, end - at);
      long chunk = chunks.at(at, n);
      total =
          switch (fn) {
            case SUM -> total + Sums.sum(chunk, n);
            case MAX -> Math.max(total, Sums.max(chunk, n));
          };
    }
    return total;
  }

  private double over(long start, long end, Doubles x) {
    double total = identity();
    for (long i = start; i < end; i++) {
      total = join(total, x.get(i));
    }
    return total;
  }

  // ---- side by side ------------------------------------------------------------------------

  private void columns(int block, int chunk, int worker) {
    Chunks rows = source.open(worker);
    double[] sum = sums[worker];
    long first = (long) chunk * Registers.CHUNK;
    int n = (int) Math.min(Registers.CHUNK, results - first);
    long end = terms * (block + 1) / blocks;
    Arrays.fill(sum, 0, n, identity());
    for (long term = terms * block / blocks; term < end; term++) {
      joinAll(sum, rows.at(term * results + first, n), n);
    }
    if (blocks > 1) {
      System.arraycopy(sum, 0, partial, Math.toIntExact(block * results + first), n);
    } else {
      write(first, n, sum, 0, registers.at(worker, 0));
    }
  }

  private void joinAll(double[] sum, long row, int n) {
    switch (fn) {
      case SUM -> {
        for (int i = 0; i < n; i++) {
          sum[i] += Lanes.get(row, i);
        }
      }
      case MAX -> {
        for (int i = 0; i < n; i++) {
          sum[i] = Math.max(sum[i], Lanes.get(row, i));
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
    long row = registers.at(0, 0);
    for (int at = 0; at < n; at += Registers.CHUNK) {
      write(at, Math.min(Registers.CHUNK, n - at), partial, at, row);
    }
  }

  private void write(long first, int n, double[] values, int at, long row) {
    if (doubles.isPresent()) {
      for (int i = 0; i < n; i++) {
        y.writeDouble(first + i, values[at + i]);
      }
      return;
    }
    for (int i = 0; i < n; i++) {
      Lanes.set(row, i, (float) values[at + i]);
    }
    y.write(first, n, row);
  }
}
