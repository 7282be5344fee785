package org.jdit.tensor.program;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.Fused;
import org.jdit.tensor.op.Op;

/** Rewriting of Programs into Programs of the same meaning. */
public final class Passes {
  private Passes() {}

  /** How {@link #rewrite} records a node anew. */
  @FunctionalInterface
  public interface Rule {
    /** Records something with the results of {@code node}, given its operands in {@code trace}. */
    List<Tensor> record(Trace trace, Node node, List<Tensor> in);
  }

  /** Records a Program anew, node by node. */
  public static Program rewrite(Program p, Rule rule) {
    return Program.trace(
        t -> {
          Map<Integer, Tensor> env = declare(p, t);
          replay(t, p.nodes(), env, rule);
          p.outputs().forEach(o -> t.output(o.name(), env.get(o.id())));
          p.updates().forEach((name, id) -> t.update(name, env.get(id)));
          p.gate().ifPresent(id -> t.commitWhen(env.get(id)));
        });
  }

  /** Declares the inputs of {@code p} in a trace; the result maps their numbers in {@code p}. */
  public static Map<Integer, Tensor> declare(Program p, Trace t) {
    Map<Integer, Tensor> env = new HashMap<>();
    for (Input i : p.inputs()) {
      env.put(i.id(), t.declare(i.name(), i.role(), p.spec(i.id())));
    }
    return env;
  }

  /** Records nodes in a trace; {@code env} maps old numbers to new tensors, and grows. */
  public static void replay(Trace t, List<Node> nodes, Map<Integer, Tensor> env, Rule rule) {
    for (Node n : nodes) {
      List<Tensor> in = n.in().stream().map(env::get).toList();
      List<Tensor> out = rule.record(t, n, in);
      for (int i = 0; i < out.size(); i++) {
        env.put(n.out().get(i), out.get(i));
      }
    }
  }

  /** Puts the nodes of called Programs in the place of the calls. */
  public static Program inline(Program p) {
    return inline(p, _ -> true);
  }

  /** Puts the nodes of called Programs in the place of those calls that are chosen. */
  public static Program inline(Program p, Predicate<Node> chosen) {
    if (p.nodes().stream().noneMatch(n -> n.op() instanceof Call && chosen.test(n))) {
      return p;
    }
    return rewrite(p, (t, n, in) -> chosen.test(n) ? inlined(t, n, in) : t.apply(n.op(), in));
  }

  private static List<Tensor> inlined(Trace t, Node node, List<Tensor> in) {
    if (!(node.op() instanceof Call(Program callee))) {
      return t.apply(node.op(), in);
    }
    Map<Integer, Tensor> env = new HashMap<>();
    for (int i = 0; i < in.size(); i++) {
      env.put(callee.inputs().get(i).id(), in.get(i));
    }
    replay(t, callee.nodes(), env, Passes::inlined);
    return callee.outputs().stream().map(o -> env.get(o.id())).toList();
  }

  /** Replaces fused operations that a backend does not support by their recipes. */
  public static Program decompose(Program p, BiPredicate<Op, List<Spec>> supported) {
    Program q = p;
    while (true) {
      Program now = q;
      Set<Node> recipes = new HashSet<>();
      for (Node n : now.nodes()) {
        if (n.op() instanceof Fused
            && !supported.test(n.op(), n.in().stream().map(now::spec).toList())) {
          recipes.add(n);
        }
      }
      if (recipes.isEmpty()) {
        return now;
      }
      q =
          rewrite(
              now,
              (t, n, in) ->
                  n.op() instanceof Fused f && recipes.contains(n)
                      ? f.decompose(in)
                      : t.apply(n.op(), in));
    }
  }

  /** Drops nodes that nothing depends on. */
  public static Program prune(Program p) {
    Set<Integer> live = new HashSet<>(p.roots());
    List<Node> kept = new ArrayList<>();
    for (Node n : p.nodes().reversed()) {
      if (n.out().stream().anyMatch(live::contains)) {
        live.addAll(n.in());
        kept.add(n);
      }
    }
    return new Program(p.inputs(), kept.reversed(), p.outputs(), p.updates(), p.gate(), p.values());
  }

  /**
   * Computes equal operations on equal operands once; twice if there is a gate, results or the gate
   * need one and state updates alone another: the value would have to be kept until the gate is
   * known.
   */
  public static Program dedupe(Program p) {
    record Key(Op op, List<Integer> in, boolean needed) {}
    BitSet needed = p.gate().isPresent() ? Commit.needed(p) : new BitSet();
    Map<Key, List<Integer>> seen = new HashMap<>();
    Map<Integer, Integer> same = new HashMap<>();
    List<Node> kept = new ArrayList<>();
    for (int at = 0; at < p.nodes().size(); at++) {
      Node n = p.nodes().get(at);
      List<Integer> in = n.in().stream().map(i -> same.getOrDefault(i, i)).toList();
      List<Integer> first = seen.putIfAbsent(new Key(n.op(), in, needed.get(at)), n.out());
      if (first == null) {
        kept.add(new Node(n.op(), in, n.out()));
      } else {
        for (int i = 0; i < first.size(); i++) {
          same.put(n.out().get(i), first.get(i));
        }
      }
    }
    Map<String, Integer> updates = new LinkedHashMap<>(p.updates());
    updates.replaceAll((_, id) -> same.getOrDefault(id, id));
    Optional<Integer> gate = p.gate().map(id -> same.getOrDefault(id, id));
    return new Program(
        p.inputs(),
        kept,
        p.outputs().stream()
            .map(o -> new Output(o.name(), same.getOrDefault(o.id(), o.id())))
            .toList(),
        updates,
        gate,
        p.values());
  }
}
