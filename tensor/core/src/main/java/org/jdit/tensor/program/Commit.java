package org.jdit.tensor.program;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;
import org.jdit.tensor.op.Binary;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.Gather;
import org.jdit.tensor.op.ScatterAdd;

/**
 * Puts off what only state updates need until the gate is known, so that a bad step skips it, and
 * lets element-wise updates (an optimiser's step) write over the state they replace: a training
 * step then needs no second copy of weights and moments.
 */
public final class Commit {
  private Commit() {}

  /** The same Program with the nodes last that neither results nor the gate need. */
  public static Program last(Program p) {
    BitSet needed = needed(p);
    List<Node> nodes = new ArrayList<>();
    for (boolean first : new boolean[] {true, false}) {
      for (int i = 0; i < p.nodes().size(); i++) {
        if (needed.get(i) == first) {
          nodes.add(p.nodes().get(i));
        }
      }
    }
    return new Program(p.inputs(), nodes, p.outputs(), p.updates(), p.gate(), p.values());
  }

  /** How many nodes results or the gate need; in what {@link #last} gives they come first. */
  public static int start(Program p, IntUnaryOperator storageOf) {
    return needed(p, storageOf).cardinality();
  }

  /** Which nodes results or the gate need, by their places in the Program. */
  static BitSet needed(Program p) {
    return needed(p, id -> id);
  }

  private static BitSet needed(Program p, IntUnaryOperator storageOf) {
    Set<Integer> storages = new HashSet<>();
    p.outputs().forEach(o -> storages.add(storageOf.applyAsInt(o.id())));
    p.gate().ifPresent(id -> storages.add(storageOf.applyAsInt(id)));
    BitSet needed = new BitSet();
    for (int i = p.nodes().size() - 1; i >= 0; i--) {
      Node n = p.nodes().get(i);
      // What can fail on the values that it reads must fail before any state is touched.
      if (mayFail(p, n) || n.out().stream().anyMatch(storages::contains)) {
        needed.set(i);
        n.in().forEach(id -> storages.add(storageOf.applyAsInt(id)));
      }
    }
    return needed;
  }

  /** Whether ids may lie outside a table, or an integer be divided by 0. */
  public static boolean mayFail(Program p, Node n) {
    return switch (n.op()) {
      case Gather _, ScatterAdd _ -> true;
      case Binary(Binary.Fn fn) ->
          fn == Binary.Fn.DIV && !p.spec(n.out().getFirst()).dtype().isFloating();
      case Call(Program body) -> body.nodes().stream().anyMatch(inner -> mayFail(body, inner));
      default -> false;
    };
  }

  /** The same Program with updates computed into the state where that changes no result. */
  static Lowering inPlace(Lowering lowered, Layouts layouts) {
    Program p = lowered.program();
    Map<Integer, Lowering.Place> places = new HashMap<>(lowered.places());
    Map<Integer, Integer> producers = new HashMap<>();
    for (int i = lowered.commit(); i < p.nodes().size(); i++) {
      for (int id : p.nodes().get(i).out()) {
        producers.put(id, i);
      }
    }
    for (Input i : p.inputs()) {
      Integer next = i.role() == Role.STATE ? p.updates().get(i.name()) : null;
      if (next != null
          && producers.containsKey(next)
          && places.get(next).storage() == next
          && layouts.overwrites(p.nodes().get(producers.get(next)).op())
          && mayReplace(i.id(), p.nodes(), producers.get(next), places)) {
        // Views of it move along. The state is as row-major as what is written over it.
        places.replaceAll(
            (_, at) -> at.storage() == next ? new Lowering.Place(i.id(), at.layout()) : at);
      }
    }
    return new Lowering(p, places, lowered.commit());
  }

  /**
   * Whether node {@code at}, which reads each element before it writes it, may write over a state:
   * no later node reads the state.
   */
  private static boolean mayReplace(
      int state, List<Node> nodes, int at, Map<Integer, Lowering.Place> places) {
    IntPredicate lies = id -> places.get(id).storage() == state;
    IntPredicate whole = id -> places.get(id).equals(places.get(state));
    return nodes.get(at).in().stream().allMatch(id -> !lies.test(id) || whole.test(id))
        && nodes.subList(at + 1, nodes.size()).stream()
            .noneMatch(n -> n.in().stream().anyMatch(lies::test));
  }
}
