package org.jdit.tensor.program;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdit.tensor.DType;
import org.jdit.tensor.Interpreter;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.Value;
import org.jdit.tensor.op.Op;

/**
 * A Program being recorded. Its tensors have no numbers: reading one is refused, and so is applying
 * an operation to a concrete tensor, so that no value can be baked in by accident.
 */
public final class Trace implements Interpreter {
  private final Map<String, Input> inputs = new LinkedHashMap<>();
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, Output> outputs = new LinkedHashMap<>();
  private final Map<String, Integer> updates = new LinkedHashMap<>();
  private final List<Tensor> values = new ArrayList<>();
  private Integer gate;
  private boolean open = true;

  Trace() {}

  /** Declares a value that is given at every run. */
  public Tensor input(String name, Spec spec) {
    return declare(name, Role.INPUT, spec);
  }

  /**
   * Declares a weight that is loaded once; asking again for the same name gives the same tensor.
   */
  public Tensor param(String name, Spec spec) {
    return declare(name, Role.PARAM, spec);
  }

  /** Declares a resident value that runs update; asking again gives the same tensor. */
  public Tensor state(String name, Spec spec) {
    return declare(name, Role.STATE, spec);
  }

  /** Declares an input of any role. */
  public Tensor declare(String name, Role role, Spec spec) {
    Input known = inputs.get(name);
    if (known != null) {
      Tensor t = values.get(known.id());
      if (known.role() == Role.INPUT || known.role() != role || !t.spec().equals(spec)) {
        throw new IllegalArgumentException(
            "input "
                + name
                + " is declared twice: "
                + known.role()
                + " "
                + t.spec()
                + ", then "
                + role
                + " "
                + spec);
      }
      return t;
    }
    Tensor t = value(spec);
    inputs.put(name, new Input(name, role, id(t)));
    return t;
  }

  /** Names a result. */
  public void output(String name, Tensor t) {
    if (outputs.putIfAbsent(name, new Output(name, id(t))) != null) {
      throw new IllegalArgumentException("output " + name + " is named twice");
    }
  }

  /** Gives a STATE input its next value, committed at the end of a run; once for each. */
  public void update(String state, Tensor next) {
    Input i = inputs.get(state);
    if (i == null || i.role() != Role.STATE) {
      throw new IllegalArgumentException(state + " is not a STATE input");
    }
    if (!values.get(i.id()).spec().equals(next.spec())) {
      throw new IllegalArgumentException("update of " + state + " with " + next.spec());
    }
    if (updates.putIfAbsent(state, id(next)) != null) {
      throw new IllegalArgumentException("state " + state + " is updated twice");
    }
  }

  /** Makes runs commit updates only where {@code condition} (a BOOL scalar) holds; once. */
  public void commitWhen(Tensor condition) {
    if (!condition.spec().equals(new Spec(Shape.SCALAR, DType.BOOL))) {
      throw new IllegalArgumentException("a commit condition is a BOOL scalar");
    }
    if (gate != null) {
      throw new IllegalArgumentException("there is a commit condition already; join them into one");
    }
    gate = id(condition);
  }

  /** What has been recorded so far. */
  public List<Node> nodes() {
    return Collections.unmodifiableList(nodes);
  }

  /** The handle on a value. */
  public Tensor tensor(int id) {
    return values.get(id);
  }

  /**
   * The number of a value of this trace.
   *
   * @throws IllegalStateException if the tensor is concrete or of another trace
   */
  public int id(Tensor t) {
    return switch (t.value()) {
      case Value.Symbolic s when t.interpreter() == this -> s.id();
      case Value.Symbolic _ ->
          throw new IllegalStateException("a tensor of another trace: pass it as an argument");
      case Value.Concrete _ ->
          throw new IllegalStateException(
              "a concrete tensor " + t.spec() + " is captured by a trace: pass it as an input");
    };
  }

  @Override
  public List<Tensor> apply(Op op, List<Tensor> in) {
    if (!open) {
      throw new IllegalStateException("the trace is finished: its tensors are of no more use");
    }
    List<Integer> operands = in.stream().map(this::id).toList();
    List<Spec> specs = op.infer(in.stream().map(Tensor::spec).toList());
    List<Tensor> results = specs.stream().map(this::value).toList();
    nodes.add(new Node(op, operands, results.stream().map(this::id).toList()));
    return results;
  }

  private Tensor value(Spec spec) {
    Tensor t = new Tensor(spec, new Value.Symbolic(values.size()), this);
    values.add(t);
    return t;
  }

  Program finish() {
    open = false;
    return new Program(
        List.copyOf(inputs.values()),
        nodes,
        List.copyOf(outputs.values()),
        updates,
        Optional.ofNullable(gate),
        values.stream().map(Tensor::spec).toList());
  }
}
