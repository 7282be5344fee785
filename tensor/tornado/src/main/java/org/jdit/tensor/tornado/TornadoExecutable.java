package org.jdit.tensor.tornado;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdit.tensor.DType;
import org.jdit.tensor.Elements;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Strided;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.program.Commit;
import org.jdit.tensor.program.Fusion;
import org.jdit.tensor.program.Input;
import org.jdit.tensor.program.Lowering;
import org.jdit.tensor.program.MemoryPlan;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Output;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.tornado.kernel.ChainKernel;
import org.jdit.tensor.tornado.kernel.ConstantKernel;
import org.jdit.tensor.tornado.kernel.CopyKernel;
import org.jdit.tensor.tornado.kernel.Frame;
import org.jdit.tensor.tornado.kernel.Launch;
import org.jdit.tensor.tornado.kernel.Operand;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A Program as stages of kernels bound to device arrays. The stages of its results run first, then,
 * where the gate holds, those of its state updates.
 */
final class TornadoExecutable implements Executable {
  private final TornadoResident store;
  private final Lowering lowered;
  private final Program program;
  private final Map<Integer, Loops.Loop> loops;
  private final Map<Integer, Lowering> bodies = new HashMap<>();
  private final Map<Integer, Map<Integer, Operand>> bodySlots = new HashMap<>();
  private final DeviceArrays arrays;
  private final LongArray failure;
  private final Map<Integer, Operand> slots;
  private final Map<Input, Operand> inputs = new LinkedHashMap<>();
  private final Map<Output, Operand> outputs = new LinkedHashMap<>();
  private final Set<TornadoNativeArray> shared = new LinkedHashSet<>();
  private final Map<Integer, Operand> storages = new HashMap<>();
  private final List<Stage> results = new ArrayList<>();
  private final List<Stage> commits = new ArrayList<>();
  private DeviceArrays tables;
  private boolean closed;

  TornadoExecutable(TornadoResident store, Loops source) {
    this.store = store;
    this.lowered = lowered(source.program(), source.ops());
    this.program = lowered.program();
    this.loops = source.loops();
    this.arrays = new DeviceArrays(store.backend());
    this.tables = new DeviceArrays(store.backend());
    try {
      failure = (LongArray) arrays.allocate(DType.I64, 2);
      slots = slots(lowered);
      loops.forEach(
          (id, loop) -> {
            Lowering body = lowered(loop.body(), Set.of());
            bodies.put(id, body);
            bodySlots.put(id, slots(body));
          });
      for (Input i : program.inputs()) {
        if (i.role() == Role.INPUT) {
          inputs.put(i, whole(program.spec(i.id())));
        }
      }
      program.outputs().forEach(o -> outputs.put(o, resultOf(o)));
      bind();
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
    shared.add(failure);
    store.add(this);
  }

  private static Lowering lowered(Program p, Set<Op> loops) {
    return Lowering.of(Fusion.of(p, new ChainKernel()), new TornadoLayouts(loops));
  }

  // ---- memory ------------------------------------------------------------------------------

  private Operand whole(Spec spec) {
    return new Operand(
        arrays.allocate(spec.dtype(), spec.shape().numel()),
        spec.dtype(),
        Strided.contiguous(spec.shape()));
  }

  /** Arrays for what nodes compute; values that are never needed at once share one. */
  private Map<Integer, Operand> slots(Lowering l) {
    MemoryPlan plan = MemoryPlan.of(l.program(), l::storageOf, type -> type);
    Map<Integer, TornadoNativeArray> made = new HashMap<>();
    Map<Integer, Operand> places = new HashMap<>();
    plan.slotOf()
        .forEach(
            (id, slot) -> {
              DType type = l.program().spec(id).dtype();
              TornadoNativeArray array =
                  made.computeIfAbsent(
                      slot, s -> arrays.allocate(type, plan.slotBytes().get(s) / type.bytes()));
              Strided layout = Strided.contiguous(l.program().spec(id).shape());
              places.put(id, new Operand(array, type, layout));
            });
    shared.addAll(made.values());
    return places;
  }

  /** Where a result is fetched from: where it lies, or a row-major copy. */
  private Operand resultOf(Output o) {
    Lowering.Place place = lowered.places().get(o.id());
    Operand slot = slots.get(place.storage());
    Role role = roleOf(place.storage());
    if (slot == null && role != Role.STATE) {
      return null;
    }
    if (slot != null && place.layout().isContiguous()) {
      return at(slot, o.id(), lowered);
    }
    Operand copy = whole(program.spec(o.id()));
    shared.add(copy.array());
    return copy;
  }

  private Role roleOf(int storage) {
    return program.inputs().stream()
        .filter(i -> i.id() == storage)
        .map(Input::role)
        .findFirst()
        .orElse(null);
  }

  private static Operand at(Operand base, int id, Lowering l) {
    Strided layout = l.places().get(id).layout();
    return new Operand(
        base.array(),
        l.program().spec(id).dtype(),
        new Strided(layout.shape(), layout.offset() + base.layout().offset(), layout.strides()),
        base.step());
  }

  private Operand operand(int id) {
    return at(storages.get(lowered.storageOf(id)), id, lowered);
  }

  // ---- binding -----------------------------------------------------------------------------

  /** Binds all kernels; done again when the store has moved a value. */
  void bind() {
    tables.close();
    tables = new DeviceArrays(store.backend());
    results.clear();
    commits.clear();
    storages.clear();
    storages.putAll(slots);
    inputs.forEach((i, place) -> storages.put(i.id(), place));
    loops.values().forEach(this::stack);
    for (Input i : program.inputs()) {
      if (i.role() != Role.INPUT) {
        storages.put(i.id(), store.want(i.name(), i.role(), program.spec(i.id())));
      }
    }
    IntArray zero = tables.of(0);
    Straight straight = new Straight(frame(zero), results);
    if (mayFail()) {
      straight.open.add(ConstantKernel.fill(frame(zero), 0, failurePlace()));
    }
    program.nodes().subList(0, lowered.commit()).forEach(straight::add);
    outputs.forEach(
        (o, to) -> {
          if (to != null && !to.equals(operand(o.id()))) {
            straight.copy(operand(o.id()), to);
          }
        });
    straight.end();
    Straight last = new Straight(frame(zero), commits);
    program.nodes().subList(lowered.commit(), program.nodes().size()).forEach(last::add);
    program
        .updates()
        .forEach(
            (name, id) -> {
              int state = program.input(name).id();
              if (lowered.storageOf(id) != state) {
                last.copy(operand(id), operand(state));
              }
            });
    last.end();
  }

  private void stack(Loops.Loop loop) {
    for (int i = 0; i < loop.operands().size(); i++) {
      if (loop.operands().get(i) instanceof Loops.Operand.Stacked(List<String> names)) {
        store.stack(names, loop.body().spec(loop.body().inputs().get(i).id()));
      }
    }
  }

  private Frame frame(IntArray iteration) {
    return new Frame(new KernelContext(), iteration, failure, tables);
  }

  /** Gathers kernels that run once, and stages around the loops among them. */
  private final class Straight {
    private final Frame frame;
    private final List<Stage> stages;
    private final List<Launch> open = new ArrayList<>();

    Straight(Frame frame, List<Stage> stages) {
      this.frame = frame;
      this.stages = stages;
    }

    void add(Node n) {
      Loops.Loop loop = loops.get(n.out().getFirst());
      if (loop == null) {
        open.addAll(new Tasks(frame, TornadoExecutable.this::operand).of(n));
        return;
      }
      for (int i = 0; i < loop.operands().size(); i++) {
        if (loop.operands().get(i) instanceof Loops.Operand.Carried(int result)) {
          copy(operand(n.in().get(i)), operand(n.out().get(result)));
        }
      }
      end();
      stages.add(body(n, loop));
    }

    void copy(Operand from, Operand to) {
      if (to.numel() > 0) {
        open.add(CopyKernel.of(frame, from, to));
      }
    }

    void end() {
      if (!open.isEmpty()) {
        stages.add(new Stage(open, 1, frame.iteration()));
        open.clear();
      }
    }
  }

  private Stage body(Node n, Loops.Loop loop) {
    int id = n.out().getFirst();
    Lowering body = bodies.get(id);
    Map<Integer, Operand> places = new HashMap<>(bodySlots.get(id));
    for (int i = 0; i < loop.operands().size(); i++) {
      Input formal = body.program().inputs().get(i);
      Operand place =
          switch (loop.operands().get(i)) {
            case Loops.Operand.Stacked(List<String> names) ->
                store.stack(names, body.program().spec(formal.id()));
            case Loops.Operand.Invariant() -> operand(n.in().get(i));
            case Loops.Operand.Carried(int result) -> operand(n.out().get(result));
          };
      places.put(formal.id(), place);
    }
    Frame frame = frame(tables.of(0));
    Tasks tasks = new Tasks(frame, v -> at(places.get(body.storageOf(v)), v, body));
    List<Launch> launches = new ArrayList<>();
    body.program().nodes().forEach(node -> launches.addAll(tasks.of(node)));
    body.program()
        .updates()
        .forEach(
            (name, v) -> {
              int state = body.program().input(name).id();
              if (body.storageOf(v) != state) {
                launches.add(
                    CopyKernel.of(frame, tasks.operands().apply(v), tasks.operands().apply(state)));
              }
            });
    return new Stage(launches, loop.times(), frame.iteration());
  }

  /** All stages, those of the results first. */
  List<Stage> stages() {
    List<Stage> all = new ArrayList<>(results);
    all.addAll(commits);
    return all;
  }

  /** How many tasks a run takes, state updates included. */
  long tasks() {
    return stages().stream().mapToLong(s -> (long) s.times() * s.launches().size()).sum();
  }

  /** The arrays that stay on the device from task graph to task graph. */
  Set<TornadoNativeArray> shared() {
    return shared;
  }

  /** The arrays that go to the device at every run. */
  Set<TornadoNativeArray> given() {
    Set<TornadoNativeArray> given = new HashSet<>();
    inputs.values().forEach(place -> given.add(place.array()));
    return given;
  }

  // ---- running -----------------------------------------------------------------------------

  @Override
  public Map<String, Tensor> run(Map<String, Tensor> given, TensorScope into) {
    check(given);
    inputs.forEach((i, to) -> Elements.copy(given.get(i.name()), Host.slice(to), to.dtype()));
    DevicePlan plan = store.plan();
    results.forEach(plan::run);
    if (mayFail()) {
      refuseFailure(plan);
    }
    Map<String, Tensor> values = new LinkedHashMap<>();
    outputs.forEach((o, from) -> values.put(o.name(), result(plan, o, from, into)));
    if (!commits.isEmpty() && commits(plan)) {
      commits.forEach(plan::run);
      store.stateChanged();
    }
    return values;
  }

  /** Whether kernels look at values that they may have to refuse. */
  private boolean mayFail() {
    return program.nodes().stream().anyMatch(n -> Commit.mayFail(program, n));
  }

  private Operand failurePlace() {
    return new Operand(failure, DType.I64, Strided.contiguous(Shape.of(2)));
  }

  private void refuseFailure(DevicePlan plan) {
    plan.fetch(failurePlace());
    if (failure.get(0) == 1) {
      throw new JditException("id %d is outside the table".formatted(failure.get(1)));
    }
    if (failure.get(0) == 2) {
      throw new JditException("division by zero: an integer tensor is divided by one that has a 0");
    }
  }

  private Tensor result(DevicePlan plan, Output o, Operand from, TensorScope into) {
    if (from == null) {
      return Host.copy(operand(o.id()), into);
    }
    if (from.numel() > 0) {
      plan.fetch(from);
    }
    return Host.copy(from, into);
  }

  private boolean commits(DevicePlan plan) {
    if (program.gate().isEmpty()) {
      return true;
    }
    Operand gate = operand(program.gate().get());
    Role role = roleOf(lowered.storageOf(program.gate().get()));
    if (role == null || role == Role.STATE) {
      plan.fetch(gate);
    }
    return gate.bytes().get(gate.offset()) != 0;
  }

  private void check(Map<String, Tensor> given) {
    if (closed) {
      throw new IllegalStateException("this executable is closed");
    }
    for (Input i : inputs.keySet()) {
      Tensor t = given.get(i.name());
      if (t == null || !t.spec().equals(program.spec(i.id()))) {
        throw new IllegalArgumentException(
            "input %s must be %s, not %s"
                .formatted(i.name(), program.spec(i.id()), t == null ? "missing" : t.spec()));
      }
    }
    if (given.size() > inputs.size()) {
      List<String> known = inputs.keySet().stream().map(Input::name).toList();
      throw new IllegalArgumentException(
          "the inputs are %s, not %s".formatted(known, given.keySet()));
    }
    List<String> missing =
        store.missing(
            program.inputs().stream()
                .filter(i -> i.role() != Role.INPUT)
                .map(Input::name)
                .toList());
    if (!missing.isEmpty()) {
      throw new IllegalStateException("not loaded: " + missing);
    }
  }

  @Override
  public long bytes() {
    return arrays.bytes() + tables.bytes();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      store.remove(this);
      arrays.close();
      tables.close();
    }
  }
}
