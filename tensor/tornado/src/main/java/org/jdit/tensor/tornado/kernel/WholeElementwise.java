package org.jdit.tensor.tornado.kernel;

import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;

/** Arithmetic on integers, comparisons and choices, one thread for each element of the result. */
final class WholeElementwise {
  private WholeElementwise() {}

  /** Offsets and steps of the operands, for kernels that have no arguments left for them. */
  private static IntArray places(Frame f, List<Operand> in) {
    int[] places = new int[2 * in.size()];
    for (int i = 0; i < in.size(); i++) {
      places[2 * i] = in.get(i).offset();
      places[2 * i + 1] = in.get(i).step();
    }
    return f.tables().of(places);
  }

  private static int at(
      IntArray iteration, IntArray places, IntArray table, int rank, int operand, int i) {
    return places.get(2 * operand)
        + iteration.get(0) * places.get(2 * operand + 1)
        + Walk.at(table, rank, operand, i);
  }

  /** Integers; a division by 0 is a failure of kind 2. */
  static Launch binary(Frame f, Walk walk, int fn, List<Operand> in, Operand out) {
    Operand a = in.get(0);
    Operand b = in.get(1);
    IntArray places = places(f, in);
    return new Launch(
        "binaryLong",
        Frame.independent(out.numel()),
        List.of(
            f.iteration(), f.failure(), a.array(), b.array(), out.array(), walk.table(), places),
        (graph, id) ->
            graph.task(
                id,
                WholeElementwise::binaryKernel,
                f.context(),
                f.iteration(),
                f.failure(),
                a.longs(),
                b.longs(),
                out.longs(),
                walk.table(),
                places,
                walk.rank(),
                out.numel(),
                out.offset(),
                fn));
  }

  static void binaryKernel(
      KernelContext context,
      IntArray iteration,
      LongArray failure,
      LongArray a,
      LongArray b,
      LongArray y,
      IntArray table,
      IntArray places,
      int rank,
      int n,
      int result,
      int fn) {
    int i = context.globalIdx;
    if (i < n) {
      long u = a.get(at(iteration, places, table, rank, 0, i));
      long v = b.get(at(iteration, places, table, rank, 1, i));
      if (fn == Elementwise.DIV) {
        if (v == 0) {
          failure.set(0, 2);
        }
        y.set(result + i, u / (v == 0 ? 1 : v));
      } else {
        y.set(result + i, apply(fn, u, v));
      }
    }
  }

  private static long apply(int fn, long a, long b) {
    return switch (fn) {
      case Elementwise.ADD -> a + b;
      case Elementwise.SUB -> a - b;
      case Elementwise.MUL -> a * b;
      case Elementwise.MAX -> a > b ? a : b;
      default -> a < b ? a : b;
    };
  }

  /** Comparisons of any one type. */
  static Launch compare(Frame f, Walk walk, int fn, List<Operand> in, Operand out) {
    Operand a = in.get(0);
    Operand b = in.get(1);
    IntArray places = places(f, in);
    Launch.Task task =
        switch (a.dtype()) {
          case F32 ->
              (graph, id) ->
                  graph.task(
                      id,
                      WholeElementwise::compareFloats,
                      f.context(),
                      f.iteration(),
                      a.floats(),
                      b.floats(),
                      out.bytes(),
                      walk.table(),
                      places,
                      walk.rank(),
                      out.numel(),
                      out.offset(),
                      fn);
          case I64 ->
              (graph, id) ->
                  graph.task(
                      id,
                      WholeElementwise::compareLongs,
                      f.context(),
                      f.iteration(),
                      a.longs(),
                      b.longs(),
                      out.bytes(),
                      walk.table(),
                      places,
                      walk.rank(),
                      out.numel(),
                      out.offset(),
                      fn);
          default ->
              (graph, id) ->
                  graph.task(
                      id,
                      WholeElementwise::compareBytes,
                      f.context(),
                      f.iteration(),
                      a.bytes(),
                      b.bytes(),
                      out.bytes(),
                      walk.table(),
                      places,
                      walk.rank(),
                      out.numel(),
                      out.offset(),
                      fn);
        };
    return new Launch(
        "compare",
        Frame.independent(out.numel()),
        List.of(f.iteration(), a.array(), b.array(), out.array(), walk.table(), places),
        task);
  }

  static void compareFloats(
      KernelContext context,
      IntArray iteration,
      FloatArray a,
      FloatArray b,
      ByteArray y,
      IntArray table,
      IntArray places,
      int rank,
      int n,
      int result,
      int fn) {
    int i = context.globalIdx;
    if (i < n) {
      float u = a.get(at(iteration, places, table, rank, 0, i));
      float v = b.get(at(iteration, places, table, rank, 1, i));
      int less = u < v ? 1 : 0;
      int equal = u == v ? 1 : 0;
      y.set(result + i, (byte) relation(fn, less, equal));
    }
  }

  static void compareLongs(
      KernelContext context,
      IntArray iteration,
      LongArray a,
      LongArray b,
      ByteArray y,
      IntArray table,
      IntArray places,
      int rank,
      int n,
      int result,
      int fn) {
    int i = context.globalIdx;
    if (i < n) {
      long u = a.get(at(iteration, places, table, rank, 0, i));
      long v = b.get(at(iteration, places, table, rank, 1, i));
      int less = u < v ? 1 : 0;
      int equal = u == v ? 1 : 0;
      y.set(result + i, (byte) relation(fn, less, equal));
    }
  }

  static void compareBytes(
      KernelContext context,
      IntArray iteration,
      ByteArray a,
      ByteArray b,
      ByteArray y,
      IntArray table,
      IntArray places,
      int rank,
      int n,
      int result,
      int fn) {
    int i = context.globalIdx;
    if (i < n) {
      int u = a.get(at(iteration, places, table, rank, 0, i)) != 0 ? 1 : 0;
      int v = b.get(at(iteration, places, table, rank, 1, i)) != 0 ? 1 : 0;
      int less = u < v ? 1 : 0;
      int equal = u == v ? 1 : 0;
      y.set(result + i, (byte) relation(fn, less, equal));
    }
  }

  private static int relation(int fn, int less, int equal) {
    return switch (fn) {
      case Elementwise.LT -> less;
      case Elementwise.LE -> less + equal;
      default -> equal;
    };
  }

  /** {@code condition ? yes : no} of any type. */
  static Launch where(Frame f, Walk walk, List<Operand> in, Operand out) {
    Operand c = in.get(0);
    Operand yes = in.get(1);
    Operand no = in.get(2);
    IntArray places = places(f, in);
    Launch.Task task =
        switch (out.dtype()) {
          case F32 ->
              (graph, id) ->
                  graph.task(
                      id,
                      WholeElementwise::whereFloats,
                      f.context(),
                      f.iteration(),
                      c.bytes(),
                      yes.floats(),
                      no.floats(),
                      out.floats(),
                      walk.table(),
                      places,
                      walk.rank(),
                      out.numel(),
                      out.offset());
          case I64 ->
              (graph, id) ->
                  graph.task(
                      id,
                      WholeElementwise::whereLongs,
                      f.context(),
                      f.iteration(),
                      c.bytes(),
                      yes.longs(),
                      no.longs(),
                      out.longs(),
                      walk.table(),
                      places,
                      walk.rank(),
                      out.numel(),
                      out.offset());
          default ->
              (graph, id) ->
                  graph.task(
                      id,
                      WholeElementwise::whereBytes,
                      f.context(),
                      f.iteration(),
                      c.bytes(),
                      yes.bytes(),
                      no.bytes(),
                      out.bytes(),
                      walk.table(),
                      places,
                      walk.rank(),
                      out.numel(),
                      out.offset());
        };
    return new Launch(
        "where",
        Frame.independent(out.numel()),
        List.of(
            f.iteration(), c.array(), yes.array(), no.array(), out.array(), walk.table(), places),
        task);
  }

  static void whereFloats(
      KernelContext context,
      IntArray iteration,
      ByteArray c,
      FloatArray yes,
      FloatArray no,
      FloatArray y,
      IntArray table,
      IntArray places,
      int rank,
      int n,
      int result) {
    int i = context.globalIdx;
    if (i < n) {
      float u = yes.get(at(iteration, places, table, rank, 1, i));
      float v = no.get(at(iteration, places, table, rank, 2, i));
      y.set(result + i, c.get(at(iteration, places, table, rank, 0, i)) != 0 ? u : v);
    }
  }

  static void whereLongs(
      KernelContext context,
      IntArray iteration,
      ByteArray c,
      LongArray yes,
      LongArray no,
      LongArray y,
      IntArray table,
      IntArray places,
      int rank,
      int n,
      int result) {
    int i = context.globalIdx;
    if (i < n) {
      long u = yes.get(at(iteration, places, table, rank, 1, i));
      long v = no.get(at(iteration, places, table, rank, 2, i));
      y.set(result + i, c.get(at(iteration, places, table, rank, 0, i)) != 0 ? u : v);
    }
  }

  static void whereBytes(
      KernelContext context,
      IntArray iteration,
      ByteArray c,
      ByteArray yes,
      ByteArray no,
      ByteArray y,
      IntArray table,
      IntArray places,
      int rank,
      int n,
      int result) {
    int i = context.globalIdx;
    if (i < n) {
      byte u = yes.get(at(iteration, places, table, rank, 1, i));
      byte v = no.get(at(iteration, places, table, rank, 2, i));
      y.set(result + i, c.get(at(iteration, places, table, rank, 0, i)) != 0 ? u : v);
    }
  }
}
