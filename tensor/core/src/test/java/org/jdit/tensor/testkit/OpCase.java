package org.jdit.tensor.testkit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.program.Program;

/**
 * An operation with operands to try it on.
 *
 * @param op the operation
 * @param operands what it is applied to
 * @param bound how close to the oracle a result must be
 */
public record OpCase(Op op, List<Operand> operands, Bound bound) {
  /**
   * An operand: its spec and where its elements come from.
   *
   * @param spec shape and element type
   * @param draw the elements
   */
  public record Operand(Spec spec, Draw draw) {}

  /**
   * A tolerance in units of the rounding error of the result's type, 2^-24 for float32.
   *
   * @param atol absolute part
   * @param rtol part relative to the element
   */
  public record Bound(double atol, double rtol) {
    /** The bound as numbers of an element type. */
    public Tolerance of(DType dtype) {
      double u = roundoff(dtype);
      // Half the smallest normal number: results below it may lose digits or become 0.
      double tiny = dtype == DType.F16 ? 0x1p-15 : dtype.isFloating() ? 0x1p-127 : 0;
      boolean exact = atol == 0 && rtol == 0;
      return exact ? Tolerance.EXACT : new Tolerance(atol * u + tiny, rtol * u);
    }

    /**
     * The bound on a gradient: gradient rules are a few such operations, so at least 32 roundings,
     * relative to the largest element because they add up terms that cancel.
     */
    public Tolerance ofGradient(DType dtype) {
      double u = roundoff(dtype);
      return new Tolerance(Math.max(32, atol) * u, 0, Math.max(32, rtol) * u);
    }

    private static double roundoff(DType dtype) {
      return switch (dtype) {
        case F64 -> 0x1p-53;
        case F32 -> 0x1p-24;
        case F16 -> 0x1p-11;
        case BF16 -> 0x1p-8;
        case I64, I32, I16, I8, U8, BOOL -> 0;
      };
    }
  }

  /** How an operand lies in the buffer it is read from. */
  public enum Layout {
    /** Row-major without gaps. */
    PLAIN,
    /** Axes stored in reverse order. */
    PERMUTED,
    /** A part of a tensor that is larger along every axis. */
    SLICED,
    /** One index of the first axis stored, repeated with a stride of 0. */
    EXPANDED;

    Spec stored(Spec operand) {
      Shape s = operand.shape();
      if (s.rank() == 0) {
        return operand;
      }
      return operand.with(
          switch (this) {
            case PLAIN -> s;
            case PERMUTED -> new Shape(s.dims().reversed());
            case SLICED -> new Shape(s.dims().stream().map(d -> d + 3).toList());
            case EXPANDED -> s.with(0, 1);
          });
    }

    Tensor view(Tensor stored, Shape operand) {
      int rank = operand.rank();
      if (rank == 0) {
        return stored;
      }
      return switch (this) {
        case PLAIN -> stored;
        case PERMUTED -> stored.permute(IntStream.range(0, rank).map(i -> rank - 1 - i).toArray());
        case SLICED -> {
          Tensor t = stored;
          for (int i = 0; i < rank; i++) {
            t = t.slice(i, 1, operand.dim(i));
          }
          yield t;
        }
        case EXPANDED -> stored.expand(operand);
      };
    }
  }

  /** Specs of the operands. */
  public List<Spec> specs() {
    return operands.stream().map(Operand::spec).toList();
  }

  /** What the case is called in a report. */
  public String name() {
    return op.name() + " " + specs() + (op.toString().length() < 60 ? " " + op : "");
  }

  /** Whether a gradient can flow: some operand and some result are floating-point. */
  public boolean differentiable() {
    return specs().stream().anyMatch(s -> s.dtype().isFloating())
        && op.infer(specs()).stream().anyMatch(s -> s.dtype().isFloating());
  }

  /** The same case on operands of another type where they are float32. */
  public OpCase with(DType dtype) {
    Draw whole = Draw.integers(1, 11);
    return new OpCase(
        op,
        operands.stream()
            .map(
                o ->
                    o.spec().dtype() != DType.F32
                        ? o
                        : new Operand(
                            new Spec(o.spec().shape(), dtype),
                            dtype.isFloating() ? o.draw() : whole))
            .toList(),
        bound);
  }

  /** The operation as a Program: inputs {@code x0, x1, …}, outputs {@code y0, y1, …}. */
  public Program program(Layout layout) {
    return Program.trace(
        t -> {
          Tensor[] in = new Tensor[operands.size()];
          for (int i = 0; i < in.length; i++) {
            Spec spec = operands.get(i).spec();
            in[i] = layout.view(t.input("x" + i, layout.stored(spec)), spec.shape());
          }
          List<Tensor> out = t.apply(op, List.of(in));
          IntStream.range(0, out.size()).forEach(i -> t.output("y" + i, out.get(i)));
        });
  }

  /** The operation at once, on stored operands as {@link #values} draws them. */
  public List<Tensor> eager(List<Tensor> stored, Layout layout) {
    Tensor[] in = new Tensor[operands.size()];
    for (int i = 0; i < in.length; i++) {
      in[i] = layout.view(stored.get(i), operands.get(i).spec().shape());
    }
    return Tensor.applyAll(op, in);
  }

  /**
   * {@code "loss"}, the sum of all floating-point results times weights {@code w0, w1, …}, as a
   * Program: what gradients are taken of.
   */
  public Program loss() {
    return Program.trace(
        t -> {
          Tensor[] in = new Tensor[operands.size()];
          for (int i = 0; i < in.length; i++) {
            in[i] = t.input("x" + i, operands.get(i).spec());
          }
          List<Tensor> out = t.apply(op, List.of(in));
          Tensor loss = null;
          for (int i = 0; i < out.size(); i++) {
            Tensor y = out.get(i);
            if (y.dtype().isFloating()) {
              Tensor part = y.mul(t.input("w" + i, y.spec())).sum();
              loss = loss == null ? part : loss.add(part.cast(loss.dtype()));
            }
          }
          t.output("loss", loss);
        });
  }

  /** The names of the floating-point operands of {@link #loss}. */
  public List<String> parameters() {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < operands.size(); i++) {
      if (operands.get(i).spec().dtype().isFloating()) {
        names.add("x" + i);
      }
    }
    return names;
  }

  /**
   * Random values for the inputs of {@link #program} or {@link #loss}, as their types hold them.
   */
  public Map<String, double[]> values(Program p, long seed) {
    Random random = new Random(seed);
    Map<String, double[]> values = new HashMap<>();
    p.inputs()
        .forEach(
            i -> {
              Spec spec = p.spec(i.id());
              int n = Math.toIntExact(spec.shape().numel());
              Draw draw =
                  i.name().startsWith("w")
                      ? Draw.uniform(-1, 1)
                      : operands.get(Integer.parseInt(i.name().substring(1))).draw();
              values.put(i.name(), held(draw.draw(n, random), spec.dtype()));
            });
    return values;
  }

  private static double[] held(double[] x, DType dtype) {
    return Arrays.stream(x)
        .map(v -> dtype == DType.F32 ? (float) v : ReferenceOps.cast(dtype).applyAsDouble(v))
        .toArray();
  }
}
