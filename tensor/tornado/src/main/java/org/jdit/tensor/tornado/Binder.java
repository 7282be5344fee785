package org.jdit.tensor.tornado;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdit.tensor.Strided;
import org.jdit.tensor.program.Input;
import org.jdit.tensor.program.Lowering;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Output;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.tornado.kernel.ConstantKernel;
import org.jdit.tensor.tornado.kernel.CopyKernel;
import org.jdit.tensor.tornado.kernel.Frame;
import org.jdit.tensor.tornado.kernel.Launch;
import org.jdit.tensor.tornado.kernel.Operand;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;

/**
 * Binds a Program's nodes to kernels on the arrays where its values lie, stage by stage.
 *
 * @param store where stacks of weights lie
 * @param lowered the Program
 * @param bodies each loop by the first result of its node
 * @param storages where each value lies that owns storage
 * @param failure what kernels set when they meet a bad value
 * @param tables makes arrays of constants
 */
record Binder(
    TornadoResident store,
    Lowering lowered,
    Map<Integer, Body> bodies,
    Map<Integer, Operand> storages,
    LongArray failure,
    Frame.Tables tables) {
  /**
   * The body of a loop.
   *
   * @param loop what it is given
   * @param lowered its Program
   * @param slots where what it computes lies
   */
  record Body(Loops.Loop loop, Lowering lowered, Map<Integer, Operand> slots) {}

  /** Where a value lies whose storage has this place. */
  static Operand at(Operand base, int id, Lowering l) {
    Strided layout = l.places().get(id).layout();
    return new Operand(
        base.array(),
        l.program().spec(id).dtype(),
        new Strided(layout.shape(), layout.offset() + base.layout().offset(), layout.strides()),
        base.step());
  }

  /** Where a value lies. */
  Operand operand(int id) {
    return at(storages.get(lowered.storageOf(id)), id, lowered);
  }

  /**
   * The stages of results.
   *
   * @param outputs where results are fetched from, null for those that are fetched from nowhere
   * @param mark what is set to zero first, if kernels may fail
   */
  List<Stage> results(Map<Output, Operand> outputs, Optional<Operand> mark) {
    Straight straight = new Straight();
    mark.ifPresent(m -> straight.open.add(ConstantKernel.fill(straight.frame, 0, m)));
    program().nodes().subList(0, lowered.commit()).forEach(straight::add);
    outputs.forEach(
        (o, to) -> {
          if (to != null && !to.equals(operand(o.id()))) {
            straight.copy(operand(o.id()), to);
          }
        });
    return straight.end();
  }

  /** The stages of state updates. */
  List<Stage> commits() {
    Straight straight = new Straight();
    program().nodes().subList(lowered.commit(), program().nodes().size()).forEach(straight::add);
    program()
        .updates()
        .forEach(
            (name, id) -> {
              int state = program().input(name).id();
              if (lowered.storageOf(id) != state) {
                straight.copy(operand(id), operand(state));
              }
            });
    return straight.end();
  }

  private Program program() {
    return lowered.program();
  }

  private Frame frame() {
    return new Frame(new KernelContext(), tables.of(0), failure, tables);
  }

  /** Gathers kernels that run once, and stages around the loops among them. */
  private final class Straight {
    private final Frame frame = frame();
    private final List<Stage> stages = new ArrayList<>();
    private final List<Launch> open = new ArrayList<>();

    void add(Node n) {
      Body body = bodies.get(n.out().getFirst());
      if (body == null) {
        open.addAll(new Tasks(frame, Binder.this::operand).of(n));
        return;
      }
      List<Loops.Operand> operands = body.loop().operands();
      for (int i = 0; i < operands.size(); i++) {
        if (operands.get(i) instanceof Loops.Operand.Carried(int result)) {
          copy(operand(n.in().get(i)), operand(n.out().get(result)));
        }
      }
      end();
      stages.add(loop(n, body));
    }

    void copy(Operand from, Operand to) {
      if (to.numel() > 0) {
        open.add(CopyKernel.of(frame, from, to));
      }
    }

    List<Stage> end() {
      if (!open.isEmpty()) {
        stages.add(new Stage(open, 1, frame.iteration()));
        open.clear();
      }
      return stages;
    }
  }

  private Stage loop(Node n, Body body) {
    Loops.Loop loop = body.loop();
    Program called = body.lowered().program();
    Map<Integer, Operand> places = new HashMap<>(body.slots());
    for (int i = 0; i < loop.operands().size(); i++) {
      Input formal = called.inputs().get(i);
      Operand place =
          switch (loop.operands().get(i)) {
            case Loops.Operand.Stacked(List<String> names) ->
                store.stack(names, called.spec(formal.id()));
            case Loops.Operand.Invariant() -> operand(n.in().get(i));
            case Loops.Operand.Carried(int result) -> operand(n.out().get(result));
          };
      places.put(formal.id(), place);
    }
    Frame frame = frame();
    Lowering l = body.lowered();
    Tasks tasks = new Tasks(frame, v -> at(places.get(l.storageOf(v)), v, l));
    List<Launch> launches = new ArrayList<>();
    called.nodes().forEach(node -> launches.addAll(tasks.of(node)));
    called
        .updates()
        .forEach(
            (name, v) -> {
              int state = called.input(name).id();
              if (l.storageOf(v) != state) {
                launches.add(
                    CopyKernel.of(frame, tasks.operands().apply(v), tasks.operands().apply(state)));
              }
            });
    return new Stage(launches, loop.times(), frame.iteration());
  }
}
