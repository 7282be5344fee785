package org.jdit.tensor.testkit;

import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import org.jdit.tensor.DType;
import org.jdit.tensor.Elements;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.op.Binary;
import org.jdit.tensor.op.Cast;
import org.jdit.tensor.op.Clamp;
import org.jdit.tensor.op.Compare;
import org.jdit.tensor.op.Concat;
import org.jdit.tensor.op.Detach;
import org.jdit.tensor.op.Expand;
import org.jdit.tensor.op.Fill;
import org.jdit.tensor.op.Fold;
import org.jdit.tensor.op.Gather;
import org.jdit.tensor.op.Iota;
import org.jdit.tensor.op.MatMul;
import org.jdit.tensor.op.Pad;
import org.jdit.tensor.op.Permute;
import org.jdit.tensor.op.Primitive;
import org.jdit.tensor.op.Reduce;
import org.jdit.tensor.op.Reshape;
import org.jdit.tensor.op.Scale;
import org.jdit.tensor.op.ScatterAdd;
import org.jdit.tensor.op.Shift;
import org.jdit.tensor.op.Slice;
import org.jdit.tensor.op.Unary;
import org.jdit.tensor.op.Unfold;
import org.jdit.tensor.op.Where;

/**
 * What each primitive operation means, in plain loops over row-major doubles: written to be read,
 * not to be fast.
 */
public final class ReferenceOps {
  private ReferenceOps() {}

  /** The result of {@code op}; {@code specs} are those of {@code in}, {@code out} the result's. */
  static double[] apply(Primitive op, List<Spec> specs, List<double[]> in, Spec out) {
    Shape to = out.shape();
    return switch (op) {
      case Unary(Unary.Fn fn) -> map(in.getFirst(), unary(fn));
      case Scale(double by) -> map(in.getFirst(), x -> x * by);
      case Shift(double by) -> map(in.getFirst(), x -> x + by);
      // Math.max and min hand on NaN, as torch.clamp does.
      case Clamp(double min, double max) ->
          map(in.getFirst(), x -> Math.min(Math.max(x, min), max));
      case Cast(DType type) -> map(in.getFirst(), cast(type));
      case Binary(Binary.Fn fn) -> zip(specs, in, to, binary(fn, out.dtype()));
      case Compare(Compare.Fn fn) -> zip(specs, in, to, compare(fn));
      case Where() -> where(specs, in, to);
      case Fill(_, double value) -> filled(to, cast(out.dtype()).applyAsDouble(value));
      case Iota(_, int axis) -> map(produce(to, at -> at[axis]), cast(out.dtype()));
      case Reduce r -> reduce(r, specs.getFirst().shape(), in.getFirst(), to);
      case Reshape _, Detach _ -> in.getFirst();
      case Permute(List<Integer> axes) -> produce(to, at -> get(specs, in, 0, permuted(at, axes)));
      case Slice(int axis, int start, _) ->
          produce(to, at -> get(specs, in, 0, shifted(at, axis, start)));
      case Expand _ ->
          produce(to, at -> get(specs, in, 0, unstretched(at, specs.getFirst().shape())));
      case Concat(int axis) -> produce(to, at -> joined(specs, in, at, axis));
      case Pad(int axis, int before, _) ->
          produce(
              to,
              at -> {
                int i = at[axis] - before;
                boolean inside = i >= 0 && i < specs.getFirst().shape().dim(axis);
                return inside ? get(specs, in, 0, shifted(at, axis, -before)) : 0;
              });
      case MatMul() -> matmul(specs, in, to);
      case Gather() -> gather(specs, in, to);
      case ScatterAdd(int rows) -> scatterAdd(specs, in, to, rows);
      case Unfold u -> unfold(u, specs.getFirst().shape(), in.getFirst(), to);
      case Fold f -> fold(f, specs.getFirst().shape(), in.getFirst(), to);
    };
  }

  /** What storing a number as an element of a type makes of it. Float32 keeps all of a double. */
  static DoubleUnaryOperator cast(DType type) {
    return switch (type) {
      case F64, F32 -> x -> x;
      case F16 -> x -> Float.float16ToFloat(Float.floatToFloat16((float) x));
      case BF16 -> x -> Float.intBitsToFloat(Elements.toBf16((float) x) << 16);
      case I64 -> x -> (long) x;
      case I32 -> x -> (int) (long) x;
      case I16 -> x -> (short) (long) x;
      case I8 -> x -> (byte) (long) x;
      case U8 -> x -> (long) x & 0xff;
      case BOOL -> x -> x == 0 ? 0 : 1;
    };
  }

  private static DoubleUnaryOperator unary(Unary.Fn fn) {
    return switch (fn) {
      case NEG -> x -> -x;
      case ABS -> Math::abs;
      case EXP -> Math::exp;
      case LOG -> Math::log;
      case SQRT -> Math::sqrt;
      case RECIPROCAL -> x -> 1 / x;
      case SIN -> Math::sin;
      case COS -> Math::cos;
      case TANH -> Math::tanh;
      case ERF -> ReferenceOps::erf;
    };
  }

  /** Taylor's series for small arguments, the continued fraction of 1 - erf for others. */
  public static double erf(double x) {
    double size = Math.abs(x);
    if (!(size > 0.8)) {
      double series = 0;
      for (int n = 30; n >= 0; n--) {
        series = 1.0 / (2 * n + 1) - x * x / (n + 1) * series;
      }
      return 2 / Math.sqrt(Math.PI) * x * series;
    }
    double fraction = size;
    for (int n = 2000; n > 0; n--) {
      fraction = size + n / (2 * fraction);
    }
    return Math.copySign(1 - Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction), x);
  }

  private static DoubleBinaryOperator binary(Binary.Fn fn, DType type) {
    DoubleBinaryOperator exact =
        switch (fn) {
          case ADD -> Double::sum;
          case SUB -> (a, b) -> a - b;
          case MUL -> (a, b) -> a * b;
          case DIV -> (a, b) -> a / b;
          case MAX -> Math::max;
          case MIN -> Math::min;
        };
    DoubleUnaryOperator store = cast(type);
    return (a, b) -> store.applyAsDouble(exact.applyAsDouble(a, b));
  }

  private static DoubleBinaryOperator compare(Compare.Fn fn) {
    return switch (fn) {
      case LT -> (a, b) -> a < b ? 1 : 0;
      case LE -> (a, b) -> a <= b ? 1 : 0;
      case EQ -> (a, b) -> a == b ? 1 : 0;
    };
  }

  // ---- indices -----------------------------------------------------------------------------

  @FunctionalInterface
  private interface ElementAt {
    double at(int[] index);
  }

  /** An array whose element at each index is computed from the index. */
  private static double[] produce(Shape shape, ElementAt element) {
    double[] y = new double[Math.toIntExact(shape.numel())];
    int[] dims = shape.toArray();
    int[] at = new int[dims.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = element.at(at);
      for (int axis = dims.length - 1; axis >= 0 && ++at[axis] == dims[axis]; axis--) {
        at[axis] = 0;
      }
    }
    return y;
  }

  private static int flat(Shape shape, int[] at) {
    int i = 0;
    for (int axis = 0; axis < at.length; axis++) {
      i = i * shape.dims().get(axis) + at[axis];
    }
    return i;
  }

  private static double get(List<Spec> specs, List<double[]> in, int operand, int[] at) {
    return in.get(operand)[flat(specs.get(operand).shape(), at)];
  }

  private static int[] permuted(int[] at, List<Integer> axes) {
    int[] from = new int[at.length];
    for (int i = 0; i < at.length; i++) {
      from[axes.get(i)] = at[i];
    }
    return from;
  }

  private static int[] shifted(int[] at, int axis, int by) {
    int[] from = at.clone();
    from[axis] += by;
    return from;
  }

  /** The index in an operand that is stretched to a larger shape. */
  private static int[] unstretched(int[] at, Shape s) {
    int[] from = Arrays.copyOfRange(at, at.length - s.rank(), at.length);
    for (int i = 0; i < from.length; i++) {
      from[i] = s.dim(i) == 1 ? 0 : from[i];
    }
    return from;
  }

  // ---- operations --------------------------------------------------------------------------

  private static double[] map(double[] x, DoubleUnaryOperator f) {
    return Arrays.stream(x).map(f).toArray();
  }

  private static double[] filled(Shape shape, double value) {
    return produce(shape, _ -> value);
  }

  private static double[] zip(
      List<Spec> specs, List<double[]> in, Shape to, DoubleBinaryOperator f) {
    return produce(
        to,
        at ->
            f.applyAsDouble(
                get(specs, in, 0, unstretched(at, specs.get(0).shape())),
                get(specs, in, 1, unstretched(at, specs.get(1).shape()))));
  }

  private static double[] where(List<Spec> specs, List<double[]> in, Shape to) {
    return produce(
        to,
        at -> {
          int chosen = get(specs, in, 0, unstretched(at, specs.get(0).shape())) != 0 ? 1 : 2;
          return get(specs, in, chosen, unstretched(at, specs.get(chosen).shape()));
        });
  }

  private static double[] reduce(Reduce r, Shape from, double[] x, Shape to) {
    boolean sum = r.fn() == Reduce.Fn.SUM;
    double[] y = filled(to, sum ? 0 : Double.NEGATIVE_INFINITY);
    produce(
        from,
        at -> {
          int[] kept = at.clone();
          r.axes().forEach(axis -> kept[axis] = 0);
          int i = flat(to, kept);
          double element = x[flat(from, at)];
          y[i] = sum ? y[i] + element : Math.max(y[i], element);
          return 0;
        });
    return y;
  }

  private static double joined(List<Spec> specs, List<double[]> in, int[] at, int axis) {
    int operand = 0;
    int start = 0;
    while (at[axis] - start >= specs.get(operand).shape().dim(axis)) {
      start += specs.get(operand++).shape().dim(axis);
    }
    return get(specs, in, operand, shifted(at, axis, -start));
  }

  private static double[] matmul(List<Spec> specs, List<double[]> in, Shape to) {
    Shape a = specs.get(0).shape();
    Shape b = specs.get(1).shape();
    int rows = a.dim(-2);
    int depth = a.dim(-1);
    int columns = b.dim(-1);
    Shape batch = to.sub(0, to.rank() - 2);
    Shape batchA = a.sub(0, a.rank() - 2);
    Shape batchB = b.sub(0, b.rank() - 2);
    double[] y = filled(to, 0);
    produce(
        batch,
        at -> {
          int x = flat(batchA, unstretched(at, batchA)) * rows * depth;
          int w = flat(batchB, unstretched(at, batchB)) * depth * columns;
          int z = flat(batch, at) * rows * columns;
          for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
              double sum = 0;
              for (int k = 0; k < depth; k++) {
                sum += in.get(0)[x + i * depth + k] * in.get(1)[w + k * columns + j];
              }
              y[z + i * columns + j] = sum;
            }
          }
          return 0;
        });
    return y;
  }

  private static int row(double id, int rows) {
    if (id < 0 || id >= rows) {
      throw new JditException("id " + (long) id + " is outside 0.." + (rows - 1));
    }
    return (int) id;
  }

  private static double[] gather(List<Spec> specs, List<double[]> in, Shape to) {
    int rows = specs.get(0).shape().dim(0);
    int width = specs.get(0).shape().dim(1);
    double[] y = filled(to, 0);
    for (int i = 0; i < in.get(1).length; i++) {
      System.arraycopy(in.get(0), row(in.get(1)[i], rows) * width, y, i * width, width);
    }
    return y;
  }

  private static double[] scatterAdd(List<Spec> specs, List<double[]> in, Shape to, int rows) {
    int width = specs.getFirst().shape().dim(-1);
    double[] y = filled(to, 0);
    for (int i = 0; i < in.get(1).length; i++) {
      int row = row(in.get(1)[i], rows);
      for (int j = 0; j < width; j++) {
        y[row * width + j] += in.get(0)[i * width + j];
      }
    }
    return y;
  }

  /** The position in an image {@code [N, C, H, W]} of an element of its patches, or -1 outside. */
  private static int pixel(Unfold u, Shape image, int[] patch) {
    int height = image.dim(2);
    int width = image.dim(3);
    int outputs = (width + 2 * u.padding() - u.kw()) / u.stride() + 1;
    int channel = patch[1] / (u.kh() * u.kw());
    int i = patch[1] / u.kw() % u.kh();
    int j = patch[1] % u.kw();
    int y = patch[2] / outputs * u.stride() + i - u.padding();
    int x = patch[2] % outputs * u.stride() + j - u.padding();
    boolean inside = y >= 0 && y < height && x >= 0 && x < width;
    return inside ? flat(image, new int[] {patch[0], channel, y, x}) : -1;
  }

  private static double[] unfold(Unfold u, Shape image, double[] x, Shape to) {
    return produce(
        to,
        at -> {
          int p = pixel(u, image, at);
          return p < 0 ? 0 : x[p];
        });
  }

  private static double[] fold(Fold f, Shape patches, double[] x, Shape to) {
    double[] y = filled(to, 0);
    produce(
        patches,
        at -> {
          int p = pixel(f.unfold(), to, at);
          if (p >= 0) {
            y[p] += x[flat(patches, at)];
          }
          return 0;
        });
    return y;
  }
}
