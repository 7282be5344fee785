package org.jdit.tensor.program;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.Op;

/**
 * Puts chains of element-wise operations into calls, which a backend runs as one kernel: each
 * operand is read once and each result written once, whatever happens in between. A chain may end
 * in a reduction of its one result. The results' bits stay the same.
 */
public final class Fusion {
  /** The kernel that runs chains. */
  public interface Kernel {
    /** Whether it can compute an operation on such operands, given the spec of the result. */
    boolean computes(Op op, List<Spec> in, Spec out);

    /** The largest number of operations in a chain. */
    int operations();

    /** Whether a chain of no more operations than that is within its other limits. */
    boolean takes(Program chain);

    /** Whether it can reduce the result of a chain by an operation while it computes it. */
    boolean reduces(Op op);
  }

  private final Program source;
  private final Kernel kernel;
  private final Map<Integer, Integer> uses = new HashMap<>();
  private final List<Node> nodes = new ArrayList<>();

  /** The chains that may grow, by the shape of their results. */
  private final Map<Shape, List<Node>> open = new LinkedHashMap<>();

  /** What they make, and the shape of the chain that makes it. */
  private final Map<Integer, Shape> pending = new HashMap<>();

  private Fusion(Program source, Kernel kernel) {
    this.source = source;
    this.kernel = kernel;
    source.nodes().forEach(n -> n.in().forEach(id -> uses.merge(id, 1, Integer::sum)));
    source.roots().forEach(id -> uses.merge(id, 1, Integer::sum));
  }

  /** A Program of the same values, as {@link Commit#last} orders it, in which chains are calls. */
  public static Program of(Program p, Kernel kernel) {
    return new Fusion(p, kernel).run();
  }

  private Program run() {
    int commit = Commit.start(source, id -> id);
    source.nodes().subList(0, commit).forEach(this::add);
    closeAll();
    source.nodes().subList(commit, source.nodes().size()).forEach(this::add);
    closeAll();
    return new Program(
        source.inputs(), nodes, source.outputs(), source.updates(), source.gate(), source.values());
  }

  private void add(Node n) {
    if (kernel.reduces(n.op()) && reduced(n)) {
      return;
    }
    Spec out = source.spec(n.out().getFirst());
    boolean fuses = kernel.computes(n.op(), specs(n), out);
    // A chain runs before what else reads it, and after what does not.
    for (int id : n.in()) {
      Shape chain = pending.get(id);
      if (chain != null && !(fuses && chain.equals(out.shape()))) {
        close(chain);
      }
    }
    if (fuses) {
      open.computeIfAbsent(out.shape(), _ -> new ArrayList<>()).add(n);
      n.out().forEach(id -> pending.put(id, out.shape()));
    } else {
      nodes.add(n);
    }
  }

  /** Puts a reduction behind the chain that makes its operand and nothing else, if there is one. */
  private boolean reduced(Node n) {
    int operand = n.in().getFirst();
    List<Node> chain = open.getOrDefault(pending.get(operand), List.of());
    if (!results(chain).equals(List.of(operand))
        || uses.get(operand) > 1
        || chain.size() > kernel.operations()
        || !kernel.takes(call(chain).program())) {
      return false;
    }
    List<Node> whole = Stream.concat(take(pending.get(operand)).stream(), Stream.of(n)).toList();
    nodes.add(new Node(call(whole), operands(whole), n.out()));
    return true;
  }

  private List<Spec> specs(Node n) {
    return n.in().stream().map(source::spec).toList();
  }

  private void closeAll() {
    List.copyOf(open.keySet()).forEach(this::close);
  }

  /** Ends a chain, in as many parts as the kernel's limits make of it. */
  private void close(Shape shape) {
    List<Node> left = take(shape);
    while (!left.isEmpty()) {
      Node part = left.getFirst();
      int size = 1;
      for (int n = Math.min(left.size(), kernel.operations()); n > 1 && size == 1; n--) {
        Call call = call(left.subList(0, n));
        if (kernel.takes(call.program())) {
          part = new Node(call, operands(left.subList(0, n)), results(left.subList(0, n)));
          size = n;
        }
      }
      nodes.add(part);
      left = left.subList(size, left.size());
    }
  }

  /** Takes a chain out of those that may grow. */
  private List<Node> take(Shape shape) {
    List<Node> chain = open.remove(shape);
    chain.forEach(n -> pending.keySet().removeAll(n.out()));
    return chain;
  }

  /** What a chain reads and does not make. */
  private static List<Integer> operands(List<Node> chain) {
    Set<Integer> operands = new LinkedHashSet<>();
    chain.forEach(n -> operands.addAll(n.in()));
    chain.forEach(n -> operands.removeAll(n.out()));
    return List.copyOf(operands);
  }

  /** What a chain makes and others read. */
  private List<Integer> results(List<Node> chain) {
    Map<Integer, Integer> inside = new HashMap<>();
    chain.forEach(n -> n.in().forEach(id -> inside.merge(id, 1, Integer::sum)));
    return chain.stream()
        .flatMap(n -> n.out().stream())
        .filter(id -> uses.getOrDefault(id, 0) > inside.getOrDefault(id, 0))
        .toList();
  }

  private Call call(List<Node> chain) {
    return new Call(
        Program.trace(
            t -> {
              Map<Integer, Tensor> env = new HashMap<>();
              operands(chain)
                  .forEach(id -> env.put(id, t.declare("x" + id, Role.INPUT, source.spec(id))));
              Passes.replay(t, chain, env, (trace, n, x) -> trace.apply(n.op(), x));
              results(chain).forEach(id -> t.output("y" + id, env.get(id)));
            }));
  }
}
