package org.jdit.tensor.cpu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Binary;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.Cast;
import org.jdit.tensor.op.Clamp;
import org.jdit.tensor.op.Compare;
import org.jdit.tensor.op.Gelu;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.op.Scale;
import org.jdit.tensor.op.Shift;
import org.jdit.tensor.op.Silu;
import org.jdit.tensor.op.Unary;
import org.jdit.tensor.op.Where;
import org.jdit.tensor.program.Commit;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Passes;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;

/**
 * Puts chains of element-wise operations into calls, which run as one kernel: each operand is read
 * once and each result written once, whatever happens in between. The results' bits stay the same.
 */
final class Fusion {
  /** Operations of one call: their values stay in the second-level cache. */
  private static final int LIMIT = 32;

  private final Program source;
  private final Map<Integer, Integer> uses = new HashMap<>();
  private final List<Node> nodes = new ArrayList<>();
  private final List<Node> open = new ArrayList<>();
  private final Set<Integer> made = new HashSet<>();
  private Shape shape = Shape.SCALAR;

  private Fusion(Program source) {
    this.source = source;
    source.nodes().forEach(n -> n.in().forEach(id -> uses.merge(id, 1, Integer::sum)));
    source.roots().forEach(id -> uses.merge(id, 1, Integer::sum));
  }

  /** A Program of the same values in which element-wise chains are calls. */
  static Program of(Program p) {
    return new Fusion(p).run();
  }

  private Program run() {
    int commit = Commit.start(source, id -> id);
    for (int i = 0; i < source.nodes().size(); i++) {
      Node n = source.nodes().get(i);
      if (i == commit) {
        flush();
      }
      boolean follows = n.in().stream().anyMatch(made::contains);
      if (!fuses(n)) {
        if (follows) {
          flush();
        }
        nodes.add(n);
        continue;
      }
      Shape out = source.spec(n.out().getFirst()).shape();
      if (!out.equals(shape) || open.size() == LIMIT) {
        flush();
      }
      shape = out;
      open.add(n);
      made.addAll(n.out());
    }
    flush();
    return new Program(
        source.inputs(), nodes, source.outputs(), source.updates(), source.gate(), source.values());
  }

  /** Whether a node is element-wise on values that registers hold as they are. */
  private boolean fuses(Node n) {
    return isElementwise(n.op())
        && n.in().stream().map(source::spec).allMatch(s -> held(s.dtype()))
        && n.out().stream().map(source::spec).allMatch(s -> held(s.dtype()));
  }

  private static boolean held(DType type) {
    return type == DType.F32 || type == DType.BOOL;
  }

  private static boolean isElementwise(Op op) {
    return switch (op) {
      case Unary _, Binary _, Scale _, Shift _, Clamp _, Compare _, Where _, Gelu _, Silu _ -> true;
      // A cast to BOOL is made by writing.
      case Cast(DType to) -> to == DType.F32;
      default -> false;
    };
  }

  /** Ends the open chain. Nodes that came in between do not depend on it and run before it. */
  private void flush() {
    if (open.size() < 2) {
      nodes.addAll(open);
    } else {
      nodes.add(call());
    }
    open.clear();
    made.clear();
  }

  private Node call() {
    Set<Integer> in = new LinkedHashSet<>();
    Map<Integer, Integer> inside = new HashMap<>();
    for (Node n : open) {
      for (int id : n.in()) {
        inside.merge(id, 1, Integer::sum);
        if (!made.contains(id)) {
          in.add(id);
        }
      }
    }
    List<Integer> out =
        open.stream()
            .flatMap(n -> n.out().stream())
            .filter(id -> uses.getOrDefault(id, 0) > inside.getOrDefault(id, 0))
            .toList();
    Program chain =
        Program.trace(
            t -> {
              Map<Integer, Tensor> env = new HashMap<>();
              in.forEach(id -> env.put(id, t.declare("x" + id, Role.INPUT, source.spec(id))));
              Passes.replay(t, open, env, (trace, n, x) -> trace.apply(n.op(), x));
              out.forEach(id -> t.output("y" + id, env.get(id)));
            });
    return new Node(new Call(chain), List.copyOf(in), out);
  }
}
