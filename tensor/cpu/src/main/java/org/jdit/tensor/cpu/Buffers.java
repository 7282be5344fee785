package org.jdit.tensor.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Strided;
import org.jdit.tensor.cpu.kernel.Operand;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.program.Input;
import org.jdit.tensor.program.Lowering;
import org.jdit.tensor.program.MemoryPlan;
import org.jdit.tensor.program.Program;
import org.jdit.tensor.program.Role;

/**
 * The memory of an executable: the planned slots, the copies of its inputs and what kernels ask for
 * besides; and the way from a value's number to its elements.
 */
final class Buffers implements AutoCloseable {
  private final Engine engine;
  private final Lowering lowered;
  private final Map<Integer, MemorySegment> owned = new HashMap<>();
  private final Map<Integer, ResidentValue> resident = new HashMap<>();
  private final List<Memory.Slab> slabs = new ArrayList<>();
  private final Arena arena = Arena.ofShared();

  Buffers(Engine engine, CpuResident store, Lowering lowered) {
    this.engine = engine;
    this.lowered = lowered;
    try {
      assign(store);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private void assign(CpuResident store) {
    Program p = lowered.program();
    for (Input i : p.inputs()) {
      if (i.role() != Role.INPUT) {
        resident.put(i.id(), store.want(i.name(), i.role(), p.spec(i.id())));
      }
    }
    for (Input i : p.inputs()) {
      if (i.role() == Role.INPUT) {
        owned.put(i.id(), allocate(p.spec(i.id()).bytes()));
      }
    }
    MemoryPlan plan = MemoryPlan.of(p, lowered::storageOf);
    List<MemorySegment> slots = plan.slotBytes().stream().map(this::allocate).toList();
    plan.slotOf().forEach((id, slot) -> owned.put(id, slots.get(slot)));
  }

  /** Is there as long as the executable. */
  Arena arena() {
    return arena;
  }

  /** Memory that lives as long as the executable. */
  MemorySegment allocate(long bytes) {
    Memory.Slab slab = engine.memory().allocate(bytes);
    slabs.add(slab);
    return slab.segment();
  }

  /** Where a value lies. */
  Operand operand(int id) {
    Lowering.Place place = lowered.places().get(id);
    ResidentValue r = resident.get(place.storage());
    MemorySegment data = r == null ? owned.get(place.storage()) : r.plain().data();
    return new Operand(data, lowered.program().spec(id).dtype(), place.layout());
  }

  /** Whether a value is a PARAM or a view of one. */
  Optional<Weight> weight(int id) {
    Lowering.Place place = lowered.places().get(id);
    boolean param =
        lowered.program().inputs().stream()
            .anyMatch(i -> i.role() == Role.PARAM && i.id() == place.storage());
    return param
        ? Optional.of(new Weight(resident.get(place.storage()), place.layout()))
        : Optional.empty();
  }

  /**
   * A PARAM as an operand.
   *
   * @param value the resident value
   * @param layout the operand's layout over it
   */
  record Weight(ResidentValue value, Strided layout) {
    /** Whether it has every element of the value once, in whatever order. */
    boolean complete() {
      Shape s = layout.shape();
      return s.numel() == value.spec().shape().numel()
          && IntStream.range(0, s.rank())
              .noneMatch(i -> layout.strides().get(i) == 0 && s.dim(i) != 1);
    }

    /** Whether it is the value itself rather than a part or another order of it. */
    boolean whole() {
      return layout.equals(Strided.contiguous(value.spec().shape()));
    }
  }

  /** Shape of a value. */
  Shape shape(int id) {
    return lowered.program().spec(id).shape();
  }

  /** Names of resident values without which it cannot run. */
  List<String> missing() {
    return lowered.program().inputs().stream()
        .filter(i -> i.role() != Role.INPUT && !resident.get(i.id()).loaded())
        .map(Input::name)
        .toList();
  }

  long bytes() {
    return slabs.stream().mapToLong(s -> s.segment().byteSize()).sum();
  }

  @Override
  public void close() {
    slabs.forEach(Memory.Slab::close);
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
