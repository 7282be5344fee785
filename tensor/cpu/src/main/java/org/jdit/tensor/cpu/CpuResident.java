package org.jdit.tensor.cpu;

import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.Value;
import org.jdit.tensor.cpu.kernel.Operand;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.program.Role;
import org.jdit.tensor.spi.Resident;

/**
 * The resident values of the CPU backend. A PARAM that executables use only as the weight of matrix
 * products or convolutions is kept packed and in no other form; loading packs it straight from the
 * given tensor, in two bytes an element where those of the tensor have two.
 */
final class CpuResident implements Resident {
  private final Engine engine;
  private final SortedMap<String, ResidentValue> values = new TreeMap<>();

  CpuResident(Engine engine) {
    this.engine = engine;
  }

  Engine engine() {
    return engine;
  }

  /** The value of that name, made known by an executable which wants it; called in its turn. */
  ResidentValue want(String name, Role role, Spec spec) {
    ResidentValue v = values.computeIfAbsent(name, _ -> new ResidentValue(engine, role, spec));
    if (v.role() != role || !v.spec().equals(spec)) {
      throw new IllegalArgumentException(
          "%s is %s %s in one Program and %s %s in another of the same store"
              .formatted(name, v.role(), v.spec(), role, spec));
    }
    return v;
  }

  @Override
  public Set<String> missing() {
    return engine.inTurn(
        () -> {
          Set<String> names = new TreeSet<>(values.keySet());
          names.removeIf(name -> values.get(name).loaded());
          return names;
        });
  }

  @Override
  public void load(String name, Tensor value) {
    engine.inTurn(
        () -> {
          ResidentValue v = values.get(name);
          if (v == null) {
            throw new IllegalArgumentException("no executable wants a value named " + name);
          }
          if (!v.spec().holds(value.spec())) {
            throw new IllegalArgumentException(
                "%s is %s in the Program, not %s".formatted(name, v.spec(), value.spec()));
          }
          v.load(value);
          return v;
        });
  }

  @Override
  public Tensor read(String name, TensorScope into) {
    return engine.inTurn(
        () -> {
          ResidentValue v = values.get(name);
          if (v == null || !v.loaded()) {
            throw new IllegalArgumentException(name + " is not loaded");
          }
          Tensor t = into.zeros(v.spec());
          Value.Concrete c = t.concrete();
          v.readInto(new Operand(c.data(), t.dtype(), c.layout()));
          return t;
        });
  }

  @Override
  public long bytes() {
    return engine.inTurn(
        () ->
            values.values().stream()
                .filter(ResidentValue::loaded)
                .mapToLong(ResidentValue::bytes)
                .sum());
  }

  @Override
  public void close() {
    engine.free(
        () -> {
          values.values().forEach(ResidentValue::close);
          values.clear();
        });
  }
}
