package org.jdit.tensor.autodiff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Call;
import org.jdit.tensor.op.Differentiable;
import org.jdit.tensor.op.Fused;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.program.Input;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Output;
import org.jdit.tensor.program.Passes;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;
import org.jdit.tensor.program.Trace;

/**
 * Reverse-mode differentiation as one Program → Program transform; there is no tape. Called
 * Programs are differentiated once and stay calls.
 */
public final class Autodiff {
  /** What becomes of the inner values of called Programs, which their gradients need. */
  public enum InnerValues {
    /** They are kept until the gradient is computed. */
    KEPT,
    /** They are computed again from the operands: less memory, one more forward pass. */
    RECOMPUTED
  }

  private final Trace trace;
  private final InnerValues innerValues;

  /** By identity, under the Program that was split and under its forward part. */
  private final Map<Program, Linearised> linearised;

  private final PartialSums sums;

  private Autodiff(Trace trace, InnerValues innerValues, Map<Program, Linearised> linearised) {
    this.trace = trace;
    this.innerValues = innerValues;
    this.linearised = linearised;
    sums = new PartialSums(trace);
  }

  /**
   * A value and its gradients.
   *
   * @param value the scalar
   * @param gradients one for each argument, of its shape
   */
  public record ValueAndGrad(Tensor value, List<Tensor> gradients) {}

  /** As the method below, with the inner values of calls kept. */
  public static Program valueAndGrad(Program p, Collection<String> wrt) {
    return valueAndGrad(p, wrt, InnerValues.KEPT);
  }

  /**
   * A Program that computes all outputs of {@code p} and, as {@code "grad.<name>"}, the gradient of
   * its first output, a scalar, by each named input. State updates are dropped.
   *
   * @param innerValues for calls that {@code p} itself makes (torch.utils.checkpoint, if computed
   *     again); the gradients are the same
   * @throws IllegalArgumentException if the first output is no floating-point scalar, or an input
   *     is unknown
   */
  public static Program valueAndGrad(Program p, Collection<String> wrt, InnerValues innerValues) {
    Output loss = p.outputs().getFirst();
    if (!p.spec(loss.id()).shape().equals(Shape.SCALAR)
        || !p.spec(loss.id()).dtype().isFloating()) {
      throw new IllegalArgumentException(
          "a gradient is of a floating-point scalar, not of " + p.spec(loss.id()));
    }
    Set<Integer> sources = new HashSet<>();
    wrt.forEach(name -> sources.add(p.input(name).id()));
    Program joint =
        Program.trace(
            t -> {
              Autodiff ad = new Autodiff(t, innerValues, new IdentityHashMap<>());
              Map<Integer, Tensor> env = Passes.declare(p, t);
              Set<Integer> active = new HashSet<>();
              sources.forEach(id -> active.add(t.id(env.get(id))));
              ad.replay(p, env, active);
              p.outputs().forEach(o -> t.output(o.name(), env.get(o.id())));
              Tensor l = env.get(loss.id());
              Map<Integer, Tensor> d = new HashMap<>(Map.of(t.id(l), l.fill(Shape.SCALAR, 1)));
              ad.pullback(List.copyOf(t.nodes()), active, d);
              for (String name : wrt) {
                Tensor x = env.get(p.input(name).id());
                Tensor dx = d.get(t.id(x));
                t.output("grad." + name, dx == null ? x.fill(x.shape(), 0) : dx);
              }
            });
    return Passes.dedupe(Passes.prune(joint));
  }

  /** The value of {@code f} at concrete tensors and its gradient by each, computed now. */
  public static ValueAndGrad valueAndGrad(Function<List<Tensor>, Tensor> f, Tensor... at) {
    List<String> names = IntStream.range(0, at.length).mapToObj(i -> "x" + i).toList();
    Program p =
        Program.trace(
            t -> {
              List<Tensor> x =
                  IntStream.range(0, at.length)
                      .mapToObj(i -> t.input(names.get(i), at[i].spec()))
                      .toList();
              t.output("value", f.apply(x));
            });
    Program g = valueAndGrad(p, names);
    List<Tensor> results = Tensor.applyAll(new Call(g), at);
    return new ValueAndGrad(results.getFirst(), results.subList(1, results.size()));
  }

  /** A called Program split in two: the forward part also returns what the backward part needs. */
  private record Linearised(
      Program forward, Program backward, int outputs, List<Integer> operands) {}

  /** Records the nodes of {@code p}; values that depend on {@code active} ones become active. */
  private void replay(Program p, Map<Integer, Tensor> env, Set<Integer> active) {
    int from = trace.nodes().size();
    Passes.replay(
        trace,
        p.nodes(),
        env,
        (t, node, in) -> {
          return switch (node.op()) {
            case Call(Program callee) -> {
              Linearised l = linearise(callee);
              yield t.apply(new Call(l.forward()), in).subList(0, l.outputs());
            }
            case Fused op when op.differentiatedInParts() -> op.decompose(in);
            case Op op -> t.apply(op, in);
          };
        });
    activate(trace.nodes().subList(from, trace.nodes().size()), active);
  }

  private void activate(List<Node> nodes, Set<Integer> active) {
    for (Node n : nodes) {
      if (n.in().stream().anyMatch(active::contains)) {
        n.out().stream().filter(id -> trace.tensor(id).dtype().isFloating()).forEach(active::add);
      }
    }
  }

  /** Carries the cotangents in {@code d} backwards through {@code nodes}, adding to {@code d}. */
  private void pullback(List<Node> nodes, Set<Integer> active, Map<Integer, Tensor> d) {
    for (Node n : nodes.reversed()) {
      List<Tensor> dOut = new ArrayList<>();
      n.out().forEach(id -> dOut.add(d.get(id)));
      if (n.in().stream().noneMatch(active::contains) || dOut.stream().allMatch(Objects::isNull)) {
        continue;
      }
      List<Tensor> in = n.in().stream().map(trace::tensor).toList();
      List<Tensor> out = n.out().stream().map(trace::tensor).toList();
      switch (n.op()) {
        case Differentiable op -> accumulate(n.in(), op.vjp(in, out, dOut), active, d);
        case Fused op -> throughRecipe(op, in, dOut, active, d);
        case Call(Program forward) ->
            throughCall(linearised.get(forward), n.in(), in, out, dOut, active, d);
      }
    }
  }

  private void accumulate(
      List<Integer> ids, List<Tensor> dIn, Set<Integer> active, Map<Integer, Tensor> d) {
    for (int i = 0; i < ids.size(); i++) {
      if (dIn.get(i) != null && active.contains(ids.get(i))) {
        d.merge(ids.get(i), dIn.get(i), sums::add);
      }
    }
  }

  /** Records the recipe of a fused operation and differentiates that. */
  private void throughRecipe(
      Fused op, List<Tensor> in, List<Tensor> dOut, Set<Integer> active, Map<Integer, Tensor> d) {
    int from = trace.nodes().size();
    List<Tensor> out = op.decompose(in);
    List<Node> recipe = List.copyOf(trace.nodes().subList(from, trace.nodes().size()));
    activate(recipe, active);
    for (int i = 0; i < out.size(); i++) {
      if (dOut.get(i) != null) {
        d.merge(trace.id(out.get(i)), dOut.get(i), sums::add);
      }
    }
    pullback(recipe, active, d);
  }

  private void throughCall(
      Linearised l,
      List<Integer> ids,
      List<Tensor> in,
      List<Tensor> out,
      List<Tensor> dOut,
      Set<Integer> active,
      Map<Integer, Tensor> d) {
    List<Tensor> arguments = new ArrayList<>(in);
    arguments.addAll(out.subList(l.outputs(), out.size()));
    for (int i = 0; i < l.outputs(); i++) {
      Tensor y = out.get(i);
      if (y.dtype().isFloating()) {
        arguments.add(dOut.get(i) == null ? y.fill(y.shape(), 0) : dOut.get(i));
      }
    }
    List<Tensor> results = trace.apply(new Call(l.backward()), arguments);
    Tensor[] dIn = new Tensor[ids.size()];
    for (int i = 0; i < l.operands().size(); i++) {
      dIn[l.operands().get(i)] = results.get(i);
    }
    accumulate(ids, Arrays.asList(dIn), active, d);
  }

  /** Splits a Program once, however often it is called. */
  private Linearised linearise(Program p) {
    Linearised known = linearised.get(p);
    if (known != null) {
      return known;
    }
    boolean recomputed = innerValues == InnerValues.RECOMPUTED;
    int[] split = new int[1];
    String mark = mark(p);
    List<Integer> operands = new ArrayList<>();
    Program joint =
        Program.trace(
            t -> {
              Autodiff ad = new Autodiff(t, InnerValues.KEPT, linearised);
              Map<Integer, Tensor> env = Passes.declare(p, t);
              if (recomputed) {
                hide(p, env);
              }
              Set<Integer> active = new HashSet<>();
              p.inputs().stream()
                  .filter(i -> p.spec(i.id()).dtype().isFloating())
                  .forEach(i -> active.add(t.id(env.get(i.id()))));
              ad.replay(p, env, active);
              split[0] = recomputed ? 0 : t.nodes().size();
              p.outputs().forEach(o -> t.output(o.name(), env.get(o.id())));
              Map<Integer, Tensor> d = new HashMap<>();
              for (Output o : p.outputs()) {
                Tensor y = env.get(o.id());
                if (y.dtype().isFloating()) {
                  d.merge(t.id(y), t.input(mark + "." + o.name(), y.spec()), Tensor::add);
                }
              }
              ad.pullback(List.copyOf(t.nodes()), active, d);
              for (int i = 0; i < p.inputs().size(); i++) {
                Tensor x = env.get(p.inputs().get(i).id());
                if (d.containsKey(t.id(x))) {
                  operands.add(i);
                  t.output(mark + "." + p.inputs().get(i).name(), d.get(t.id(x)));
                }
              }
            });
    Linearised l = split(p, joint, split[0], operands, mark);
    if (recomputed) {
      l = new Linearised(inParts(p), l.backward(), l.outputs(), l.operands());
    }
    linearised.put(p, l);
    linearised.put(l.forward(), l);
    return l;
  }

  /** The same Program as it is computed again, so that both times give the same bits. */
  private Program inParts(Program p) {
    return Program.trace(
        t -> {
          Map<Integer, Tensor> env = Passes.declare(p, t);
          new Autodiff(t, InnerValues.KEPT, linearised).replay(p, env, new HashSet<>());
          p.outputs().forEach(o -> t.output(o.name(), env.get(o.id())));
        });
  }

  /** Makes arguments look new, so that nothing computed again is taken for the first result. */
  private static void hide(Program p, Map<Integer, Tensor> env) {
    p.inputs().stream()
        .filter(i -> i.role() == Role.INPUT)
        .forEach(i -> env.compute(i.id(), (_, x) -> x.detach()));
  }

  /** A prefix that no name of {@code p} begins with, so that gradients have gradients again. */
  private static String mark(Program p) {
    List<String> taken =
        Stream.concat(p.inputs().stream().map(Input::name), p.outputs().stream().map(Output::name))
            .toList();
    return Stream.iterate("d", m -> m + "d")
        .filter(m -> taken.stream().noneMatch(n -> n.startsWith(m + ".") || n.startsWith(m + ":")))
        .findFirst()
        .orElseThrow();
  }

  private static Linearised split(
      Program p, Program joint, int at, List<Integer> operands, String mark) {
    int given = p.inputs().size();
    int outputs = p.outputs().size();
    List<Node> before = joint.nodes().subList(0, at);
    Program behind =
        Passes.dedupe(
            Passes.prune(
                new Program(
                    joint.inputs(),
                    joint.nodes().subList(at, joint.nodes().size()),
                    joint.outputs().subList(outputs, joint.outputs().size()),
                    Map.of(),
                    Optional.empty(),
                    joint.values())));
    Set<Integer> needed = new HashSet<>(behind.roots());
    behind.nodes().forEach(n -> needed.addAll(n.in()));
    List<Output> residuals = new ArrayList<>();
    List<Input> saved = new ArrayList<>();
    for (Node n : before) {
      for (int id : n.out()) {
        if (needed.contains(id)) {
          residuals.add(new Output(mark + ":" + id, id));
          saved.add(new Input(mark + ":" + id, Role.INPUT, id));
        }
      }
    }
    List<Output> results = new ArrayList<>(joint.outputs().subList(0, outputs));
    results.addAll(residuals);
    List<Input> arguments = new ArrayList<>(joint.inputs().subList(0, given));
    Program forward =
        new Program(arguments, before, results, Map.of(), Optional.empty(), joint.values());
    arguments.addAll(saved);
    arguments.addAll(joint.inputs().subList(given, joint.inputs().size()));
    Program backward =
        new Program(
            arguments,
            behind.nodes(),
            behind.outputs(),
            Map.of(),
            Optional.empty(),
            joint.values());
    return new Linearised(Passes.prune(forward), backward, outputs, List.copyOf(operands));
  }
}
