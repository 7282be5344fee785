package org.jdit.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jdit.tensor.op.Attention;
import org.jdit.tensor.op.Binary;
import org.jdit.tensor.op.Cast;
import org.jdit.tensor.op.Clamp;
import org.jdit.tensor.op.Compare;
import org.jdit.tensor.op.Concat;
import org.jdit.tensor.op.Conv2d;
import org.jdit.tensor.op.Detach;
import org.jdit.tensor.op.Expand;
import org.jdit.tensor.op.Fill;
import org.jdit.tensor.op.Gather;
import org.jdit.tensor.op.Gelu;
import org.jdit.tensor.op.GroupNorm;
import org.jdit.tensor.op.Iota;
import org.jdit.tensor.op.LayerNorm;
import org.jdit.tensor.op.Linear;
import org.jdit.tensor.op.MatMul;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.op.Pad;
import org.jdit.tensor.op.Permute;
import org.jdit.tensor.op.Reduce;
import org.jdit.tensor.op.Reshape;
import org.jdit.tensor.op.RmsNorm;
import org.jdit.tensor.op.Scale;
import org.jdit.tensor.op.ScatterAdd;
import org.jdit.tensor.op.Shift;
import org.jdit.tensor.op.Silu;
import org.jdit.tensor.op.Slice;
import org.jdit.tensor.op.Softmax;
import org.jdit.tensor.op.Unary;
import org.jdit.tensor.op.Where;

/**
 * An immutable handle on an n-dimensional array. Methods apply operations: on concrete tensors they
 * run now, on symbolic tensors they are recorded in the Program being traced. Binary methods
 * broadcast as torch does ({@link Shape#broadcast}); both operands have the same element type.
 */
public final class Tensor {
  private final Spec spec;
  private final Value value;
  private final Interpreter interpreter;

  /** A handle on {@code value}; applications build tensors through scopes and traces instead. */
  public Tensor(Spec spec, Value value, Interpreter interpreter) {
    this.spec = spec;
    this.value = value;
    this.interpreter = interpreter;
  }

  /** Shape and element type. */
  public Spec spec() {
    return spec;
  }

  /** Sizes of the axes. */
  public Shape shape() {
    return spec.shape();
  }

  /** Size of one axis; negative axes count from the end. */
  public int dim(int axis) {
    return spec.shape().dim(axis);
  }

  /** Element type. */
  public DType dtype() {
    return spec.dtype();
  }

  /** What stands behind the handle. */
  public Value value() {
    return value;
  }

  /** Where operations on this tensor go. */
  public Interpreter interpreter() {
    return interpreter;
  }

  /**
   * The numbers and where they lie.
   *
   * @throws IllegalStateException while tracing: there are no values then, so none can be baked in
   */
  public Value.Concrete concrete() {
    return switch (value) {
      case Value.Concrete c -> c;
      case Value.Symbolic s ->
          throw new IllegalStateException(
              "value " + s.id() + " " + spec + " is being traced: it has no numbers to read");
    };
  }

  /** Copies the elements, row-major, converted to float. */
  public float[] toFloats() {
    return Elements.toFloats(this);
  }

  /** Copies the elements, row-major, converted to double. */
  public double[] toDoubles() {
    return Elements.toDoubles(this);
  }

  /** Copies the elements, row-major, converted to long (truncated towards zero). */
  public long[] toLongs() {
    return Elements.toLongs(this);
  }

  /** The only element. */
  public double item() {
    if (shape().numel() != 1) {
      throw new IllegalStateException("item() of a tensor of shape " + shape());
    }
    return toDoubles()[0];
  }

  // ---- element-wise ------------------------------------------------------------------------

  /** {@code this + other}. */
  public Tensor add(Tensor other) {
    return apply(new Binary(Binary.Fn.ADD), this, other);
  }

  /** {@code this - other}. */
  public Tensor sub(Tensor other) {
    return apply(new Binary(Binary.Fn.SUB), this, other);
  }

  /** {@code this * other}. */
  public Tensor mul(Tensor other) {
    return apply(new Binary(Binary.Fn.MUL), this, other);
  }

  /** {@code this / other}. */
  public Tensor div(Tensor other) {
    return apply(new Binary(Binary.Fn.DIV), this, other);
  }

  /** The larger of two elements (torch.maximum). */
  public Tensor maximum(Tensor other) {
    return apply(new Binary(Binary.Fn.MAX), this, other);
  }

  /** The smaller of two elements (torch.minimum). */
  public Tensor minimum(Tensor other) {
    return apply(new Binary(Binary.Fn.MIN), this, other);
  }

  /** {@code this + c}. */
  public Tensor add(double c) {
    return apply(new Shift(c), this);
  }

  /** {@code this - c}. */
  public Tensor sub(double c) {
    return apply(new Shift(-c), this);
  }

  /** {@code this * c}. */
  public Tensor mul(double c) {
    return apply(new Scale(c), this);
  }

  /** {@code this / c}, as a product with the reciprocal. */
  public Tensor div(double c) {
    return apply(new Scale(1 / c), this);
  }

  /** {@code -this}. */
  public Tensor neg() {
    return apply(new Unary(Unary.Fn.NEG), this);
  }

  /** Absolute value. */
  public Tensor abs() {
    return apply(new Unary(Unary.Fn.ABS), this);
  }

  /** Natural exponential. */
  public Tensor exp() {
    return apply(new Unary(Unary.Fn.EXP), this);
  }

  /** Natural logarithm. */
  public Tensor log() {
    return apply(new Unary(Unary.Fn.LOG), this);
  }

  /** Square root. */
  public Tensor sqrt() {
    return apply(new Unary(Unary.Fn.SQRT), this);
  }

  /** {@code 1 / this}. */
  public Tensor reciprocal() {
    return apply(new Unary(Unary.Fn.RECIPROCAL), this);
  }

  /** Sine. */
  public Tensor sin() {
    return apply(new Unary(Unary.Fn.SIN), this);
  }

  /** Cosine. */
  public Tensor cos() {
    return apply(new Unary(Unary.Fn.COS), this);
  }

  /** Hyperbolic tangent. */
  public Tensor tanh() {
    return apply(new Unary(Unary.Fn.TANH), this);
  }

  /** Error function. */
  public Tensor erf() {
    return apply(new Unary(Unary.Fn.ERF), this);
  }

  /** {@code this * this}. */
  public Tensor square() {
    return mul(this);
  }

  /** {@code 1 / (1 + exp(-this))}. */
  public Tensor sigmoid() {
    return mul(0.5).tanh().add(1).mul(0.5);
  }

  /** Limited to {@code min..max} (torch.clamp); the gradient is 0 outside. */
  public Tensor clamp(double min, double max) {
    return apply(new Clamp(min, max), this);
  }

  /** {@code this * sigmoid(this)} (torch.nn.functional.silu). */
  public Tensor silu() {
    return apply(new Silu(), this);
  }

  /** GELU in its tanh form (torch.nn.functional.gelu, approximate="tanh"). */
  public Tensor gelu() {
    return apply(new Gelu(), this);
  }

  /** Where {@code this < other}; BOOL. */
  public Tensor lt(Tensor other) {
    return apply(new Compare(Compare.Fn.LT), this, other);
  }

  /** Where {@code this <= other}; BOOL. */
  public Tensor le(Tensor other) {
    return apply(new Compare(Compare.Fn.LE), this, other);
  }

  /** Where {@code this == other}; BOOL. */
  public Tensor eq(Tensor other) {
    return apply(new Compare(Compare.Fn.EQ), this, other);
  }

  /** {@code this ? yes : no} for each element of this BOOL tensor (torch.where). */
  public Tensor where(Tensor yes, Tensor no) {
    return apply(new Where(), this, yes, no);
  }

  /** Converted to another element type: round to nearest even, or truncation to integers. */
  public Tensor cast(DType to) {
    return to == dtype() ? this : apply(new Cast(to), this);
  }

  /** A constant of this tensor's element type. */
  public Tensor fill(Shape shape, double constant) {
    return fill(new Spec(shape, dtype()), constant);
  }

  /** A constant. */
  public Tensor fill(Spec of, double constant) {
    return interpreter.apply(new Fill(of, constant), List.of()).getFirst();
  }

  /** {@code 0, 1, 2, …} along an axis. */
  public Tensor iota(Spec of, int axis) {
    return interpreter.apply(new Iota(of, of.shape().axis(axis)), List.of()).getFirst();
  }

  // ---- reductions --------------------------------------------------------------------------

  /** Sum over axes, which are dropped; over all of them if none is named. */
  public Tensor sum(int... axes) {
    return reduce(Reduce.Fn.SUM, axes);
  }

  /** Largest element over axes, which are dropped; over all of them if none is named. */
  public Tensor max(int... axes) {
    return reduce(Reduce.Fn.MAX, axes);
  }

  /** Mean over axes, which are dropped; over all of them if none is named. */
  public Tensor mean(int... axes) {
    Tensor s = sum(axes);
    return s.mul((double) s.shape().numel() / shape().numel());
  }

  private Tensor reduce(Reduce.Fn fn, int... axes) {
    List<Integer> over =
        (axes.length == 0
                ? IntStream.range(0, shape().rank())
                : Arrays.stream(axes).map(shape()::axis))
            .sorted()
            .boxed()
            .toList();
    Tensor kept = apply(new Reduce(fn, over), this);
    List<Integer> left = new ArrayList<>();
    for (int i = 0; i < shape().rank(); i++) {
      if (!over.contains(i)) {
        left.add(shape().dim(i));
      }
    }
    return kept.reshape(new Shape(left));
  }

  // ---- layout ------------------------------------------------------------------------------

  /** The same elements, row-major, under another shape. */
  public Tensor reshape(Shape to) {
    return to.equals(shape()) ? this : apply(new Reshape(to), this);
  }

  /** The same elements, row-major, under another shape; one size may be -1. */
  public Tensor reshape(int... dims) {
    long known = 1;
    for (int d : dims) {
      known *= d == -1 ? 1 : d;
    }
    int[] full = dims.clone();
    for (int i = 0; i < full.length; i++) {
      if (full[i] == -1) {
        full[i] = (int) (shape().numel() / Math.max(1, known));
      }
    }
    return reshape(Shape.of(full));
  }

  /** Axes in another order (torch.permute). */
  public Tensor permute(int... axes) {
    return apply(new Permute(Arrays.stream(axes).map(shape()::axis).boxed().toList()), this);
  }

  /** Two axes exchanged. */
  public Tensor transpose(int a, int b) {
    int[] axes = IntStream.range(0, shape().rank()).toArray();
    axes[shape().axis(a)] = shape().axis(b);
    axes[shape().axis(b)] = shape().axis(a);
    return permute(axes);
  }

  /** The last two axes exchanged. */
  public Tensor t() {
    return transpose(-1, -2);
  }

  /** Indices {@code start} to {@code start + length - 1} of one axis (torch.narrow). */
  public Tensor slice(int axis, int start, int length) {
    return apply(new Slice(shape().axis(axis), start, length), this);
  }

  /** Cut into equal parts along an axis (torch.chunk). */
  public List<Tensor> chunk(int parts, int axis) {
    int each = dim(axis) / parts;
    if (each * parts != dim(axis)) {
      throw new IllegalArgumentException(parts + " parts of axis " + axis + " of " + shape());
    }
    return IntStream.range(0, parts).mapToObj(i -> slice(axis, i * each, each)).toList();
  }

  /** Stretched to a shape, without a copy (torch.expand). */
  public Tensor expand(Shape to) {
    return to.equals(shape()) ? this : apply(new Expand(to), this);
  }

  /** The same value, through which no gradient flows. */
  public Tensor detach() {
    return apply(new Detach(), this);
  }

  /** A new axis of size 1 before {@code axis}; -1 appends it. */
  public Tensor unsqueeze(int axis) {
    List<Integer> d = new ArrayList<>(shape().dims());
    d.add(axis < 0 ? axis + d.size() + 1 : axis, 1);
    return reshape(new Shape(d));
  }

  /** Joined along an axis (torch.cat). */
  public static Tensor concat(int axis, Tensor... parts) {
    return apply(new Concat(parts[0].shape().axis(axis)), parts);
  }

  /** Zeros added before and after one axis. */
  public Tensor pad(int axis, int before, int after) {
    return apply(new Pad(shape().axis(axis), before, after), this);
  }

  // ---- linear algebra ----------------------------------------------------------------------

  /** Matrix product {@code [..., M, K] · [..., K, N] → [..., M, N]}; leading axes broadcast. */
  public Tensor matmul(Tensor other) {
    return apply(new MatMul(), this, other);
  }

  /**
   * {@code this · weightᵀ + bias} (torch.nn.functional.linear).
   *
   * @param weight {@code [out, in]}
   * @param bias {@code [out]}
   */
  public Tensor linear(Tensor weight, Tensor bias) {
    return apply(new Linear(Linear.Activation.NONE), this, weight, bias);
  }

  /** As {@link #linear(Tensor, Tensor)}, followed by an activation. */
  public Tensor linear(Tensor weight, Tensor bias, Linear.Activation activation) {
    return apply(new Linear(activation), this, weight, bias);
  }

  /**
   * Rows of this table {@code [V, D]} for integer {@code ids [...]}, giving {@code [..., D]}
   * (torch.nn.functional.embedding).
   */
  public Tensor gather(Tensor ids) {
    return apply(new Gather(), this, ids);
  }

  /** Rows {@code [..., D]} of this added into {@code [rows, D]} zeros at {@code ids [...]}. */
  public Tensor scatterAdd(Tensor ids, int rows) {
    return apply(new ScatterAdd(rows), this, ids);
  }

  // ---- layers ------------------------------------------------------------------------------

  /** Softmax over the last axis. */
  public Tensor softmax() {
    return apply(new Softmax(), this);
  }

  /** {@code (x - mean) / sqrt(var + eps)} over the last axis, without weights. */
  public Tensor layerNorm(double eps) {
    return applyAll(new LayerNorm(eps), this).getFirst();
  }

  /**
   * {@code x / sqrt(mean(x²) + eps) · weight} over the last axis (torch.nn.functional.rms_norm).
   *
   * @param weight {@code [D]}
   */
  public Tensor rmsNorm(double eps, Tensor weight) {
    return apply(new RmsNorm(eps), this, weight);
  }

  /**
   * Group normalisation of {@code [N, C, H, W]} (torch.nn.functional.group_norm).
   *
   * @param weight {@code [C]}
   * @param bias {@code [C]}
   */
  public Tensor groupNorm(int groups, double eps, Tensor weight, Tensor bias) {
    return apply(new GroupNorm(groups, eps, false), this, weight, bias);
  }

  /**
   * Scaled dot-product attention; this is the query {@code [B, H, T, D]}.
   *
   * @param key {@code [B, H, S, D]}
   * @param value {@code [B, H, S, D]}
   * @return {@code [B, H, T, D]}
   */
  public Tensor attention(Tensor key, Tensor value, double scale) {
    return applyAll(new Attention(scale), this, key, value).getFirst();
  }

  /**
   * Convolution of {@code [N, C, H, W]} (torch.nn.functional.conv2d).
   *
   * @param weight {@code [O, C, kh, kw]}
   * @param bias {@code [O]}
   * @param padding zeros on each of the four sides
   */
  public Tensor conv2d(Tensor weight, Tensor bias, int stride, int padding) {
    return apply(new Conv2d(stride, padding), this, weight, bias);
  }

  // ---- application -------------------------------------------------------------------------

  /** Applies an operation with one result. */
  public static Tensor apply(Op op, Tensor... in) {
    return applyAll(op, in).getFirst();
  }

  /**
   * Applies an operation. Symbolic operands win over concrete ones, so that a trace can refuse what
   * it must not capture; among concrete operands the first one's scope runs it.
   */
  public static List<Tensor> applyAll(Op op, Tensor... in) {
    Tensor first = in[0];
    for (Tensor t : in) {
      if (t.value instanceof Value.Symbolic) {
        first = t;
        break;
      }
    }
    return first.interpreter.apply(op, List.of(in));
  }

  @Override
  public String toString() {
    return switch (value) {
      case Value.Concrete _ -> "Tensor " + spec;
      case Value.Symbolic s -> "Tensor %" + s.id() + " " + spec;
    };
  }
}
