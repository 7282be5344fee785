package org.jdit.tensor.tornado;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.program.Commit;
import org.jdit.tensor.program.Input;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Passes;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;

/**
 * A Program in which a block that is called again and again with other weights is one node: the
 * loop's body is compiled once and runs once for each call, its weights stacked.
 *
 * @param program the Program; its only calls are loops
 * @param loops each loop by the first result of its node
 */
record Loops(Program program, Map<Integer, Loop> loops) {
  /**
   * A run of calls, each on the results of the one before.
   *
   * @param body what is called: a Program whose STATE inputs are the carried values
   * @param times how many calls
   * @param operands one for each input of the body, which is that of the node
   */
  record Loop(Program body, int times, List<Operand> operands) {}

  /** Where a body gets an input from. */
  sealed interface Operand {
    /** A weight of each call. */
    record Stacked(List<String> names) implements Operand {}

    /** The same value in each call. */
    record Invariant() implements Operand {}

    /** A result of the call before. */
    record Carried(int result) implements Operand {}
  }

  /** The operations that are loops. */
  Set<Op> ops() {
    return program.nodes().stream()
        .filter(n -> loops.containsKey(n.out().getFirst()))
        .map(Node::op)
        .collect(Collectors.toSet());
  }

  /** Finds the loops of a Program and puts all other calls' nodes in place. */
  static Loops of(Program p) {
    Program now = p;
    while (true) {
      Program q = Commit.last(simple(now));
      List<List<Node>> runs = runs(q);
      Set<Node> looped = new HashSet<>();
      runs.forEach(looped::addAll);
      now = Passes.inline(q, n -> n.op() instanceof Call && !looped.contains(n));
      if (now.equals(q)) {
        return collapsed(q, runs);
      }
    }
  }

  /** Without what there are no kernels for, nothing twice, nothing for nothing. */
  private static Program simple(Program p) {
    return Passes.prune(Passes.dedupe(Passes.decompose(p, Support::of)));
  }

  private static Loops collapsed(Program q, List<List<Node>> runs) {
    Map<Integer, Loop> loops = new HashMap<>();
    List<Node> nodes = new ArrayList<>(q.nodes());
    for (List<Node> run : runs) {
      Node first = run.getFirst();
      Node last = run.getLast();
      List<Operand> operands = operands(q, run).orElseThrow();
      loops.put(last.out().getFirst(), new Loop(body(first, operands), run.size(), operands));
      nodes.set(nodes.indexOf(first), new Node(first.op(), first.in(), last.out()));
      nodes.removeAll(run);
    }
    return new Loops(
        new Program(q.inputs(), nodes, q.outputs(), q.updates(), q.gate(), q.values()), loops);
  }

  /** Calls of one Program that follow each other directly and make a loop. */
  private static List<List<Node>> runs(Program q) {
    List<List<Node>> runs = new ArrayList<>();
    List<Node> open = new ArrayList<>();
    for (Node n : q.nodes()) {
      if (!open.isEmpty() && !n.op().equals(open.getFirst().op())) {
        runs.add(List.copyOf(open));
        open.clear();
      }
      if (n.op() instanceof Call) {
        open.add(n);
      }
    }
    runs.add(open);
    runs.removeIf(run -> run.size() < 2 || operands(q, run).isEmpty());
    return runs;
  }

  /** What the inputs of a run of calls are, or empty if they make no loop. */
  private static Optional<List<Operand>> operands(Program q, List<Node> run) {
    Node first = run.getFirst();
    List<Operand> operands = new ArrayList<>();
    Set<Integer> carried = new HashSet<>();
    for (int i = 0; i < first.in().size(); i++) {
      int index = i;
      List<Integer> given = run.stream().map(n -> n.in().get(index)).toList();
      Optional<List<String>> weights = weights(q, given);
      if (given.stream().distinct().count() == 1) {
        operands.add(new Operand.Invariant());
      } else if (weights.isPresent()) {
        operands.add(new Operand.Stacked(weights.get()));
      } else {
        int result = run.getFirst().out().indexOf(given.get(1));
        boolean chained =
            result >= 0
                && carried.add(result)
                && IntStream.range(1, run.size())
                    .allMatch(t -> run.get(t - 1).out().get(result).equals(given.get(t)));
        if (!chained) {
          return Optional.empty();
        }
        operands.add(new Operand.Carried(result));
      }
    }
    boolean allCarried = carried.size() == first.out().size();
    return allCarried && usedOnce(q, run.subList(0, run.size() - 1))
        ? Optional.of(operands)
        : Optional.empty();
  }

  private static Optional<List<String>> weights(Program q, List<Integer> given) {
    List<String> names =
        given.stream()
            .flatMap(id -> q.inputs().stream().filter(i -> i.id() == id && i.role() == Role.PARAM))
            .map(Input::name)
            .distinct()
            .toList();
    return names.size() == given.size() ? Optional.of(names) : Optional.empty();
  }

  /** Whether every result of the calls has one reader, which then is the next call. */
  private static boolean usedOnce(Program q, List<Node> calls) {
    Map<Integer, Integer> uses = new HashMap<>();
    q.nodes().forEach(n -> n.in().forEach(id -> uses.merge(id, 1, Integer::sum)));
    q.roots().forEach(id -> uses.merge(id, 1, Integer::sum));
    return calls.stream().flatMap(n -> n.out().stream()).allMatch(id -> uses.get(id) == 1);
  }

  /** The called Program with state in the place of what one call hands to the next. */
  private static Program body(Node call, List<Operand> operands) {
    Program called = Passes.inline(((Call) call.op()).program());
    return simple(
        Program.trace(
            t -> {
              Map<Integer, Tensor> env = new HashMap<>();
              for (int i = 0; i < operands.size(); i++) {
                int id = called.inputs().get(i).id();
                Role role = operands.get(i) instanceof Operand.Carried ? Role.STATE : Role.INPUT;
                env.put(id, t.declare("x" + i, role, called.spec(id)));
              }
              Passes.replay(t, called.nodes(), env, (trace, n, in) -> trace.apply(n.op(), in));
              for (int i = 0; i < operands.size(); i++) {
                if (operands.get(i) instanceof Operand.Carried(int result)) {
                  t.update("x" + i, env.get(called.outputs().get(result).id()));
                }
              }
            }));
  }
}
