package org.jdit.tensor.testkit;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.DoubleUnaryOperator;
import org.jdit.tensor.DType;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.op.Fused;
import org.jdit.tensor.op.MatMul;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.op.Primitive;
import org.jdit.tensor.program.Input;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Output;
import org.jdit.tensor.program.Passes;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.spi.Precision;
import org.jdit.tensor.spi.Resident;

/**
 * The oracle: every value an array of doubles, every operation its definition. Fused operations are
 * their recipes, calls are put in place. Float32 values are not rounded inside a Program (integers
 * are exact up to 2^53, float16 and bfloat16 round), so that what is computed here is what a
 * float32 backend approximates; {@link #evaluate} hands the doubles out.
 */
public final class ReferenceBackend implements Backend {
  private final Memory memory = new Memory();
  private final boolean rounding;

  /** A backend that keeps float32 values in double precision between operations. */
  public ReferenceBackend() {
    this(false);
  }

  private ReferenceBackend(boolean rounding) {
    this.rounding = rounding;
  }

  /**
   * A backend that rounds every float32 value: the plainest float32 backend. It shows whether a
   * tolerance admits honest float32 arithmetic.
   */
  public static ReferenceBackend rounding() {
    return new ReferenceBackend(true);
  }

  /**
   * The outputs of a Program in double precision.
   *
   * @param inputs values of all inputs, of any role, by name, row-major
   */
  public static Map<String, double[]> evaluate(Program p, Map<String, double[]> inputs) {
    return evaluate(p, inputs, Precision.FP32);
  }

  /** As above, with the operands of products of float32 tensors rounded as a precision says. */
  public static Map<String, double[]> evaluate(
      Program p, Map<String, double[]> inputs, Precision precision) {
    Program q = plain(p);
    Map<Integer, double[]> env = new HashMap<>();
    for (Input i : q.inputs()) {
      double[] x = inputs.get(i.name());
      if (x == null || x.length != q.spec(i.id()).shape().numel()) {
        throw new IllegalArgumentException(
            "input " + i.name() + " must have the elements of " + q.spec(i.id()));
      }
      env.put(i.id(), x);
    }
    run(q, env, false, precision);
    Map<String, double[]> results = new LinkedHashMap<>();
    q.outputs().forEach(o -> results.put(o.name(), env.get(o.id())));
    return results;
  }

  /** Calls put in place, fused operations as their recipes: primitive operations only. */
  static Program plain(Program p) {
    return Passes.decompose(Passes.inline(p), (op, _) -> !(op instanceof Fused));
  }

  private static void run(
      Program p, Map<Integer, double[]> env, boolean rounding, Precision precision) {
    for (Node n : p.nodes()) {
      if (!(n.op() instanceof Primitive op)) {
        throw new IllegalStateException(n.op().name() + " is left after inlining and recipes");
      }
      List<Spec> specs = n.in().stream().map(p::spec).toList();
      List<double[]> in = n.in().stream().map(env::get).toList();
      Spec out = p.spec(n.out().getFirst());
      if (op instanceof MatMul && out.dtype() == DType.F32) {
        in = in.stream().map(x -> rounded(x, precision)).toList();
      }
      env.put(n.out().getFirst(), stored(ReferenceOps.apply(op, specs, in, out), out, rounding));
    }
  }

  private static double[] rounded(double[] x, Precision precision) {
    return switch (precision) {
      case FP32 -> x;
      case BF16X3 -> Arrays.stream(x).map(ReferenceBackend::roundedTwice).toArray();
      case BF16 -> Arrays.stream(x).map(ReferenceOps.cast(DType.BF16)).toArray();
    };
  }

  private static double roundedTwice(double x) {
    DoubleUnaryOperator round = ReferenceOps.cast(DType.BF16);
    double high = round.applyAsDouble(x);
    return Double.isFinite(high) ? high + round.applyAsDouble((float) x - high) : high;
  }

  private static double[] stored(double[] y, Spec spec, boolean rounding) {
    return switch (spec.dtype()) {
      case F16, BF16 -> Arrays.stream(y).map(ReferenceOps.cast(spec.dtype())).toArray();
      case F32 -> rounding ? Arrays.stream(y).map(x -> (float) x).toArray() : y;
      case F64, I64, I32, I16, I8, U8, BOOL -> y;
    };
  }

  @Override
  public String name() {
    return "reference";
  }

  @Override
  public String description() {
    return "plain loops in double precision" + (rounding ? ", float32 values rounded" : "");
  }

  @Override
  public boolean supports(Op op, List<Spec> in) {
    return op instanceof Primitive;
  }

  @Override
  public Memory memory() {
    return memory;
  }

  @Override
  public Resident newResident() {
    return new Store();
  }

  @Override
  public Executable compile(Program program, Resident resident) {
    if (!(resident instanceof Store store)) {
      throw new IllegalArgumentException("the store is not of this backend");
    }
    for (Input i : program.inputs()) {
      if (i.role() != Role.INPUT) {
        store.want(i.name(), new Wanted(i.role(), program.spec(i.id())));
      }
    }
    return new Run(plain(program), store, rounding);
  }

  @Override
  public void close() {}

  private record Wanted(Role role, Spec spec) {}

  private static final class Store implements Resident {
    private final Map<String, Wanted> wanted = new TreeMap<>();
    private final Map<String, double[]> values = new HashMap<>();

    void want(String name, Wanted as) {
      Wanted known = wanted.putIfAbsent(name, as);
      if (known != null && !known.equals(as)) {
        throw new IllegalArgumentException(
            name + " is wanted as " + as + " and as " + known + " by executables of one store");
      }
    }

    double[] get(String name) {
      double[] x = values.get(name);
      if (x == null) {
        throw new IllegalStateException(name + " is not loaded");
      }
      return x;
    }

    @Override
    public Set<String> missing() {
      Set<String> names = new TreeSet<>(wanted.keySet());
      names.removeAll(values.keySet());
      return names;
    }

    @Override
    public void load(String name, Tensor value) {
      Wanted as = wanted.get(name);
      if (as == null || !as.spec().holds(value.spec())) {
        throw new IllegalArgumentException(
            as == null
                ? "no executable wants " + name
                : name + " is " + as.spec() + ", not " + value.spec());
      }
      values.put(name, value.toDoubles());
    }

    @Override
    public Tensor read(String name, TensorScope into) {
      double[] x = values.get(name);
      if (x == null) {
        throw new IllegalArgumentException(name + " is not loaded");
      }
      return into.of(wanted.get(name).spec(), x);
    }

    @Override
    public long bytes() {
      return values.values().stream().mapToLong(x -> 8L * x.length).sum();
    }

    @Override
    public void close() {
      values.clear();
    }
  }

  private record Run(Program program, Store store, boolean rounding) implements Executable {
    @Override
    public Map<String, Tensor> run(Map<String, Tensor> inputs, TensorScope into) {
      Set<String> unknown = new TreeSet<>(inputs.keySet());
      Map<Integer, double[]> env = new HashMap<>();
      for (Input i : program.inputs()) {
        if (i.role() == Role.INPUT) {
          Tensor x = inputs.get(i.name());
          Spec spec = program.spec(i.id());
          if (x == null || !x.spec().equals(spec)) {
            throw new IllegalArgumentException(
                "input " + i.name() + " must be " + spec + ", not " + (x == null ? x : x.spec()));
          }
          unknown.remove(i.name());
          env.put(i.id(), x.toDoubles());
        } else {
          env.put(i.id(), store.get(i.name()));
        }
      }
      if (!unknown.isEmpty()) {
        throw new IllegalArgumentException("the Program has no inputs " + unknown);
      }
      ReferenceBackend.run(program, env, rounding, Precision.FP32);
      Map<String, Tensor> results = new LinkedHashMap<>();
      for (Output o : program.outputs()) {
        results.put(o.name(), into.of(program.spec(o.id()), env.get(o.id())));
      }
      if (program.gate().isEmpty() || env.get(program.gate().get())[0] != 0) {
        program.updates().forEach((name, id) -> store.values.put(name, env.get(id)));
      }
      return results;
    }

    @Override
    public long bytes() {
      return 0; // Each run has arrays of its own.
    }

    @Override
    public void close() {}
  }
}
