package org.jdit.tensor.program;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Call;

/**
 * A computation as data: single assignment, nodes in an order in which they can run, no device in
 * it. Values are numbered; {@code values.get(id)} is a value's spec.
 *
 * @param inputs what goes in
 * @param nodes the operations
 * @param outputs what comes back
 * @param updates new values of STATE inputs, by name, committed together at the end of a run
 * @param gate a BOOL scalar; if present and false, a run commits no update
 * @param values spec of each value
 */
public record Program(
    List<Input> inputs,
    List<Node> nodes,
    List<Output> outputs,
    Map<String, Integer> updates,
    Optional<Integer> gate,
    List<Spec> values) {
  /** Copies the collections. */
  public Program {
    inputs = List.copyOf(inputs);
    nodes = List.copyOf(nodes);
    outputs = List.copyOf(outputs);
    updates = Collections.unmodifiableMap(new LinkedHashMap<>(updates));
    values = List.copyOf(values);
  }

  /** Records what {@code body} does with the trace it is given. */
  public static Program trace(Consumer<Trace> body) {
    Trace trace = new Trace();
    body.accept(trace);
    return trace.finish();
  }

  /** Spec of a value. */
  public Spec spec(int id) {
    return values.get(id);
  }

  /**
   * The input of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public Input input(String name) {
    return inputs.stream()
        .filter(i -> i.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("the Program has no input " + name));
  }

  /** Applies this Program as one operation; {@code argument} gives the operand for each input. */
  public List<Tensor> call(Function<Input, Tensor> argument) {
    return Tensor.applyAll(new Call(this), inputs.stream().map(argument).toArray(Tensor[]::new));
  }

  /** Values that outlive every node: outputs, updates and the gate. */
  public List<Integer> roots() {
    List<Integer> roots = new ArrayList<>(outputs.stream().map(Output::id).toList());
    roots.addAll(updates.values());
    gate.ifPresent(roots::add);
    return roots;
  }

  /** A listing, one line for each input, node and output. */
  public String listing() {
    StringBuilder s = new StringBuilder();
    for (Input i : inputs) {
      s.append("%%%d = %s %s %s%n".formatted(i.id(), i.role(), i.name(), spec(i.id())));
    }
    for (Node n : nodes) {
      List<Spec> out = n.out().stream().map(this::spec).toList();
      s.append("%s = %s %s : %s%n".formatted(names(n.out()), n.op().name(), names(n.in()), out));
    }
    updates.forEach((name, id) -> s.append("update %s = %%%d%n".formatted(name, id)));
    for (Output o : outputs) {
      s.append("return %s = %%%d%n".formatted(o.name(), o.id()));
    }
    return s.toString();
  }

  private static String names(List<Integer> ids) {
    return String.join(" ", ids.stream().map(id -> "%" + id).toList());
  }
}
