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

  /** Integers; a division by 0 is a failure of kind 2. */
  static Launch binary(Frame f, int fn, List<Operand> in, Operand out) {
    Operand a = in.get(0);
    Operand b = in.get(1);
    IntArray walk = Walk.over(f, out.shape(), in, out.offset());
    return new Launch(
        "binaryLong",
        Frame.independent(out.numel()),
        List.of(f.iteration(), f.failure(), a.array(), b.array(), out.array(), walk),
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
                walk,
                fn));
  }

  static void binaryKernel(
      KernelContext context,
      IntArray iteration,
      LongArray failure,
      LongArray a,
      LongArray b,
      LongArray y,
      IntArray walk,
      int fn) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      long u = a.get(Walk.at(walk, iteration, 0, i));
      long v = b.get(Walk.at(walk, iteration, 1, i));
      if (fn == Elementwise.DIV) {
        if (v == 0) {
          failure.set(0, 2);
        }
        y.set(Walk.result(walk) + i, u / (v == 0 ? 1 : v));
      } else {
        y.set(Walk.result(walk) + i, apply(fn, u, v));
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
  static Launch compare(Frame f, int fn, List<Operand> in, Operand out) {
    Operand a = in.get(0);
    Operand b = in.get(1);
    IntArray walk = Walk.over(f, out.shape(), in, out.offset());
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
                      walk,
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
                      walk,
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
                      walk,
                      fn);
        };
    return new Launch(
        "compare",
        Frame.independent(out.numel()),
        List.of(f.iteration(), a.array(), b.array(), out.array(), walk),
        task);
  }

  static void compareFloats(
      KernelContext context,
      IntArray iteration,
      FloatArray a,
      FloatArray b,
      ByteArray y,
      IntArray walk,
      int fn) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      float u = a.get(Walk.at(walk, iteration, 0, i));
      float v = b.get(Walk.at(walk, iteration, 1, i));
      int less = u < v ? 1 : 0;
      int equal = u == v ? 1 : 0;
      y.set(Walk.result(walk) + i, (byte) relation(fn, less, equal));
    }
  }

  static void compareLongs(
      KernelContext context,
      IntArray iteration,
      LongArray a,
      LongArray b,
      ByteArray y,
      IntArray walk,
      int fn) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      long u = a.get(Walk.at(walk, iteration, 0, i));
      long v = b.get(Walk.at(walk, iteration, 1, i));
      int less = u < v ? 1 : 0;
      int equal = u == v ? 1 : 0;
      y.set(Walk.result(walk) + i, (byte) relation(fn, less, equal));
    }
  }

  static void compareBytes(
      KernelContext context,
      IntArray iteration,
      ByteArray a,
      ByteArray b,
      ByteArray y,
      IntArray walk,
      int fn) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      int u = a.get(Walk.at(walk, iteration, 0, i)) != 0 ? 1 : 0;
      int v = b.get(Walk.at(walk, iteration, 1, i)) != 0 ? 1 : 0;
      int less = u < v ? 1 : 0;
      int equal = u == v ? 1 : 0;
      y.set(Walk.result(walk) + i, (byte) relation(fn, less, equal));
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
  static Launch where(Frame f, List<Operand> in, Operand out) {
    Operand c = in.get(0);
    Operand yes = in.get(1);
    Operand no = in.get(2);
    IntArray walk = Walk.over(f, out.shape(), in, out.offset());
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
                      walk);
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
                      walk);
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
                      walk);
        };
    return new Launch(
        "where",
        Frame.independent(out.numel()),
        List.of(f.iteration(), c.array(), yes.array(), no.array(), out.array(), walk),
        task);
  }

  static void whereFloats(
      KernelContext context,
      IntArray iteration,
      ByteArray c,
      FloatArray yes,
      FloatArray no,
      FloatArray y,
      IntArray walk) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      float u = yes.get(Walk.at(walk, iteration, 1, i));
      float v = no.get(Walk.at(walk, iteration, 2, i));
      y.set(Walk.result(walk) + i, c.get(Walk.at(walk, iteration, 0, i)) != 0 ? u : v);
    }
  }

  static void whereLongs(
      KernelContext context,
      IntArray iteration,
      ByteArray c,
      LongArray yes,
      LongArray no,
      LongArray y,
      IntArray walk) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      long u = yes.get(Walk.at(walk, iteration, 1, i));
      long v = no.get(Walk.at(walk, iteration, 2, i));
      y.set(Walk.result(walk) + i, c.get(Walk.at(walk, iteration, 0, i)) != 0 ? u : v);
    }
  }

  static void whereBytes(
      KernelContext context,
      IntArray iteration,
      ByteArray c,
      ByteArray yes,
      ByteArray no,
      ByteArray y,
      IntArray walk) {
    int i = context.globalIdx;
    if (i < Walk.size(walk)) {
      byte u = yes.get(Walk.at(walk, iteration, 1, i));
      byte v = no.get(Walk.at(walk, iteration, 2, i));
      y.set(Walk.result(walk) + i, c.get(Walk.at(walk, iteration, 0, i)) != 0 ? u : v);
    }
  }
}
