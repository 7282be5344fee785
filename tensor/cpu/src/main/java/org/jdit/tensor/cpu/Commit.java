package org.jdit.tensor.cpu;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.Gather;
import org.jdit.tensor.op.ScatterAdd;
import org.jdit.tensor.program.Input;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;

/**
 * Puts off what only state updates need until the gate is known, so that a bad step skips it, and
 * lets element-wise updates (an optimiser's step) write over the state they replace: a training
 * step then needs no second copy of weights and moments.
 */
final class Commit {
  private final Program source;
  private final Map<Integer, Lowering.Place> places;
  private final Map<Integer, Integer> producers = new HashMap<>();
  private final BitSet needed = new BitSet();

  private Commit(Lowering lowered) {
    source = lowered.program();
    places = new HashMap<>(lowered.places());
    for (int i = 0; i < source.nodes().size(); i++) {
      for (int id : source.nodes().get(i).out()) {
        producers.put(id, i);
      }
    }
  }

  /** The same steps, those of updates last, in place where that changes no result. */
  static Lowering last(Lowering lowered) {
    return new Commit(lowered).run();
  }

  private Lowering run() {
    findNeeded();
    List<Node> nodes = new ArrayList<>();
    needed.stream().mapToObj(source.nodes()::get).forEach(nodes::add);
    int first = nodes.size();
    IntStream.range(0, source.nodes().size())
        .filter(i -> !needed.get(i))
        .mapToObj(source.nodes()::get)
        .forEach(nodes::add);
    for (Input i : source.inputs()) {
      if (i.role() == Role.STATE && source.updates().containsKey(i.name())) {
        int next = source.updates().get(i.name());
        if (mayReplace(i.id(), next, nodes, first)) {
          places.put(next, places.get(i.id()));
        }
      }
    }
    Program ordered =
        new Program(
            source.inputs(),
            nodes,
            source.outputs(),
            source.updates(),
            source.gate(),
            source.values());
    return new Lowering(ordered, places, first);
  }

  /** Finds the nodes that results or the gate need, and those that can fail on what they read. */
  private void findNeeded() {
    Set<Integer> storages = new HashSet<>();
    source.outputs().forEach(o -> storages.add(places.get(o.id()).storage()));
    source.gate().ifPresent(id -> storages.add(places.get(id).storage()));
    for (int i = source.nodes().size() - 1; i >= 0; i--) {
      Node n = source.nodes().get(i);
      boolean fails = n.op() instanceof Gather || n.op() instanceof ScatterAdd;
      if (fails || n.out().stream().anyMatch(storages::contains)) {
        needed.set(i);
        n.in().forEach(id -> storages.add(places.get(id).storage()));
      }
    }
  }

  /** Whether value {@code next} may be computed into the buffer of STATE input {@code state}. */
  private boolean mayReplace(int state, int next, List<Node> nodes, int first) {
    Integer producer = producers.get(next);
    if (producer == null || needed.get(producer)) {
      return false;
    }
    int at = first + producer - needed.get(0, producer).cardinality();
    return places.get(next).storage() == next
        && nodes.get(at).op() instanceof Call
        && nodes.get(at).in().stream().allMatch(id -> !lies(id, state) || isWhole(id, state))
        && nodes.subList(at + 1, nodes.size()).stream()
            .noneMatch(n -> n.in().stream().anyMatch(id -> lies(id, state)));
  }

  private boolean lies(int id, int storage) {
    return places.get(id).storage() == storage;
  }

  private boolean isWhole(int id, int state) {
    return places.get(id).layout().equals(places.get(state).layout());
  }
}
