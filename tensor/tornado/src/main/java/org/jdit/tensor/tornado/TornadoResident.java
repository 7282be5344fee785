package org.jdit.tensor.tornado;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jdit.tensor.Elements;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Strided;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Role;
import org.jdit.tensor.spi.Resident;
import org.jdit.tensor.tornado.kernel.Operand;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The resident values of this backend. TornadoVM shares device buffers only among the task graphs
 * of one execution plan, so all executables of a store run in one plan, which the store makes when
 * one of them runs first. Each value has host memory besides, from which the plan fills the device;
 * for STATE the device's is newer after a run.
 */
final class TornadoResident implements Resident {
  private static final class Value {
    final Role role;
    final Spec spec;
    Operand place;
    boolean stacked;
    boolean loaded;

    Value(Role role, Spec spec, Operand place) {
      this.role = role;
      this.spec = spec;
      this.place = place;
    }
  }

  private final TornadoBackend backend;
  private final DeviceArrays arrays;
  private final IntArray sink;
  private final SortedMap<String, Value> values = new TreeMap<>();
  private final List<TornadoExecutable> executables = new ArrayList<>();
  private DevicePlan plan;
  private boolean ran;

  TornadoResident(TornadoBackend backend) {
    this.backend = backend;
    this.arrays = new DeviceArrays(backend);
    this.sink = arrays.of(0);
  }

  TornadoBackend backend() {
    return backend;
  }

  /** The place of a value, made known by an executable which wants it. */
  Operand want(String name, Role role, Spec spec) {
    Value v =
        values.computeIfAbsent(
            name,
            _ ->
                new Value(
                    role,
                    spec,
                    new Operand(
                        arrays.allocate(spec.dtype(), spec.shape().numel()),
                        spec.dtype(),
                        Strided.contiguous(spec.shape()))));
    if (v.role != role || !v.spec.equals(spec)) {
      throw new IllegalArgumentException(
          "%s is %s %s in one Program and %s %s in another of the same store"
              .formatted(name, v.role, v.spec, role, spec));
    }
    return v.place;
  }

  /**
   * Weights of one spec, one after the other in one array: the first, and the step to the next.
   * Values that lie elsewhere move, and executables that know them are bound anew.
   */
  Operand stack(List<String> names, Spec spec) {
    Value first = values.get(names.getFirst());
    int each = Math.toIntExact(spec.shape().numel());
    if (first == null || !first.stacked) {
      restack(names, spec, each);
    }
    Operand at = values.get(names.getFirst()).place;
    return new Operand(at.array(), at.dtype(), at.layout(), each);
  }

  /** Whether these weights can be, or are, one after the other in one array. */
  boolean stackable(List<String> names) {
    List<Value> known = names.stream().map(name -> values.get(name)).toList();
    if (known.stream().noneMatch(v -> v != null && v.stacked)) {
      return true;
    }
    for (int i = 0; i < known.size(); i++) {
      Value v = known.get(i);
      if (v == null
          || v.place.array() != known.getFirst().place.array()
          || v.place.offset() != known.getFirst().place.offset() + i * v.place.numel()) {
        return false;
      }
    }
    return true;
  }

  private void restack(List<String> names, Spec spec, int each) {
    TornadoNativeArray stack = arrays.allocate(spec.dtype(), (long) each * names.size());
    boolean moved = false;
    for (int i = 0; i < names.size(); i++) {
      Strided layout = Strided.contiguous(spec.shape());
      Operand place =
          new Operand(
              stack, spec.dtype(), new Strided(layout.shape(), (long) i * each, layout.strides()));
      Value v = values.get(names.get(i));
      if (v == null) {
        v = new Value(Role.PARAM, spec, place);
        values.put(names.get(i), v);
      } else {
        Host.slice(place).copyFrom(Host.slice(v.place));
        arrays.free(v.place.array());
        v.place = place;
        moved = true;
      }
      v.stacked = true;
    }
    if (moved) {
      stop();
      executables.forEach(TornadoExecutable::bind);
    }
  }

  /** Makes an executable part of the next plan. */
  void add(TornadoExecutable e) {
    stop();
    executables.add(e);
  }

  /** Takes an executable out of the plan; the last one takes the device's memory along. */
  void remove(TornadoExecutable e) {
    executables.remove(e);
    stop();
  }

  /** The plan in which the executables run. */
  DevicePlan plan() {
    if (plan == null) {
      plan = new DevicePlan(backend, executables, arrays(Role.STATE), arrays(Role.PARAM), sink);
      ran = false;
    }
    return plan;
  }

  private Set<TornadoNativeArray> arrays(Role role) {
    return values.values().stream()
        .filter(v -> v.role == role)
        .map(v -> v.place.array())
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  /** Says that state on the device is newer than the host's. */
  void stateChanged() {
    ran = true;
  }

  /** Ends the plan, with all that is newer on the device brought to the host. */
  void stop() {
    if (plan != null) {
      bringState();
      plan.close();
      plan = null;
    }
  }

  private void bringState() {
    if (ran && plan != null) {
      for (Value v : values.values()) {
        if (v.role == Role.STATE) {
          plan.fetch(v.place);
        }
      }
      ran = false;
    }
  }

  List<String> missing(List<String> names) {
    return names.stream().filter(n -> !values.get(n).loaded).toList();
  }

  @Override
  public Set<String> missing() {
    Set<String> names = new TreeSet<>(values.keySet());
    names.removeIf(name -> values.get(name).loaded);
    return names;
  }

  @Override
  public void load(String name, Tensor value) {
    Value v = values.get(name);
    if (v == null) {
      throw new IllegalArgumentException("no executable wants a value named " + name);
    }
    if (!v.spec.holds(value.spec())) {
      throw new IllegalArgumentException(
          "%s is %s in the Program, not %s".formatted(name, v.spec, value.spec()));
    }
    stop();
    Elements.copy(value, Host.slice(v.place), v.spec.dtype());
    v.loaded = true;
  }

  @Override
  public Tensor read(String name, TensorScope into) {
    Value v = values.get(name);
    if (v == null || !v.loaded) {
      throw new IllegalArgumentException(name + " is not loaded");
    }
    if (v.role == Role.STATE) {
      bringState();
    }
    return Host.copy(v.place, into);
  }

  @Override
  public long bytes() {
    return values.values().stream().filter(v -> v.loaded).mapToLong(v -> v.spec.bytes()).sum();
  }

  @Override
  public void close() {
    if (plan != null) {
      plan.close();
      plan = null;
    }
    values.clear();
    arrays.close();
  }
}
