package org.jdit.tensor.tornado;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
import org.jdit.tensor.program.Output;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;
import org.jdit.tensor.spi.Executable;
import org.jdit.tensor.tornado.kernel.ChainKernel;
import org.jdit.tensor.tornado.kernel.Operand;
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
  private final Map<Integer, Binder.Body> bodies = new HashMap<>();
  private final DeviceArrays arrays;
  private final LongArray failure;
  private final Map<Integer, Operand> slots;
  private final Map<Input, Operand> inputs = new LinkedHashMap<>();
  private final Map<Output, Operand> outputs = new LinkedHashMap<>();
  private final Set<TornadoNativeArray> shared = new LinkedHashSet<>();
  private DeviceArrays tables;
  private Binder binder;
  private List<Stage> results;
  private List<Stage> commits;
  private boolean closed;

  TornadoExecutable(TornadoResident store, Loops source) {
    this.store = store;
    this.lowered = lowered(source.program(), source.ops());
    this.program = lowered.program();
    this.arrays = new DeviceArrays(store.backend());
    this.tables = new DeviceArrays(store.backend());
    try {
      failure = (LongArray) arrays.allocate(DType.I64, 2);
      slots = slots(lowered);
      source
          .loops()
          .forEach(
              (id, loop) -> {
                Lowering body = lowered(loop.body(), Set.of());
                bodies.put(id, new Binder.Body(loop, body, slots(body)));
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
      return Binder.at(slot, o.id(), lowered);
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

  /** Binds all kernels; done again when the store has moved a value. */
  void bind() {
    tables.close();
    tables = new DeviceArrays(store.backend());
    Map<Integer, Operand> storages = new HashMap<>(slots);
    inputs.forEach((i, place) -> storages.put(i.id(), place));
    // First, as a stack may move what others know.
    bodies.values().forEach(this::stack);
    for (Input i : program.inputs()) {
      if (i.role() != Role.INPUT) {
        storages.put(i.id(), store.want(i.name(), i.role(), program.spec(i.id())));
      }
    }
    binder = new Binder(store, lowered, bodies, storages, failure, tables);
    results = binder.results(outputs, mayFail() ? Optional.of(failurePlace()) : Optional.empty());
    commits = binder.commits();
  }

  private void stack(Binder.Body body) {
    Loops.Loop loop = body.loop();
    for (int i = 0; i < loop.operands().size(); i++) {
      if (loop.operands().get(i) instanceof Loops.Operand.Stacked(List<String> names)) {
        store.stack(names, loop.body().spec(loop.body().inputs().get(i).id()));
      }
    }
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
      return Host.copy(binder.operand(o.id()), into);
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
    Operand gate = binder.operand(program.gate().get());
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
