package org.jdit.tensor.program;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.op.Concat;
import org.jdit.tensor.op.View;
import org.jdit.tensor.testkit.RandomPrograms;
import org.junit.jupiter.api.Test;

/** Values that are needed at the same time have different slots. */
class MemoryPlanTest {
  /** The value whose buffer each value lies in, with every view operation taken as a view. */
  private static Map<Integer, Integer> storage(Program p, boolean views) {
    Map<Integer, Integer> storage = new HashMap<>();
    p.inputs().forEach(i -> storage.put(i.id(), i.id()));
    for (Node n : p.nodes()) {
      boolean view = views && n.op() instanceof View;
      n.out().forEach(v -> storage.put(v, view ? storage.get(n.in().getFirst()) : v));
    }
    return storage;
  }

  /** The same with views, and the parts of concatenations in the buffers of the wholes. */
  private static Map<Integer, Integer> joined(Program p) {
    Map<Integer, Integer> storage = storage(p, true);
    Set<Integer> movable = new HashSet<>();
    for (Node n : p.nodes()) {
      if (n.op() instanceof Concat) {
        n.in().stream()
            .map(storage::get)
            .filter(movable::remove)
            .forEach(
                part -> storage.replaceAll((_, at) -> at.equals(part) ? n.out().getFirst() : at));
      } else if (!(n.op() instanceof View)) {
        movable.addAll(n.out());
      }
    }
    return storage;
  }

  @Test
  void noTwoLiveValuesShareASlot() {
    for (int seed = 0; seed < 200; seed++) {
      Program p = Passes.inline(RandomPrograms.program(seed));
      check(p, storage(p, true));
      check(p, storage(p, false));
      check(p, joined(p));
    }
  }

  /** Replays the Program: each slot holds the value last written, which must be the one read. */
  private static void check(Program p, Map<Integer, Integer> storage) {
    MemoryPlan plan = MemoryPlan.of(p, storage::get);
    Set<Integer> inputs = new HashSet<>();
    p.inputs().forEach(i -> inputs.add(i.id()));
    Map<Integer, Integer> held = new HashMap<>();
    for (Node n : p.nodes()) {
      Set<Integer> reads = new HashSet<>();
      n.in().forEach(v -> reads.add(storage.get(v)));
      reads.removeAll(inputs);
      reads.forEach(v -> assertThat(held.get(plan.slotOf().get(v))).isEqualTo(v));
      Set<Integer> written = new HashSet<>();
      for (int v : n.out()) {
        int owner = storage.get(v);
        if (!inputs.contains(owner)) {
          int slot = plan.slotOf().get(owner);
          assertThat(plan.slotBytes().get(slot)).isGreaterThanOrEqualTo(p.spec(owner).bytes());
          if (!Integer.valueOf(owner).equals(held.get(slot))) {
            assertThat(written.add(slot)).as("results of one node share a slot").isTrue();
            // An operation may read while it writes.
            reads.forEach(r -> assertThat(plan.slotOf().get(r)).isNotEqualTo(slot));
            held.put(slot, owner);
          }
        }
      }
    }
    for (int root : p.roots()) {
      int v = storage.get(root);
      if (!inputs.contains(v)) {
        assertThat(held.get(plan.slotOf().get(v))).as("a root is overwritten").isEqualTo(v);
      }
    }
    assertThat(plan.slotOf().keySet()).doesNotContainAnyElementsOf(inputs);
    assertThat(plan.totalBytes())
        .isEqualTo(plan.slotBytes().stream().mapToLong(Long::longValue).sum());
  }

  @Test
  void chainsNeedTwoSlotsHoweverLong() {
    Program p =
        Program.trace(
            t -> {
              Tensor x = t.input("x", Spec.f32(100));
              for (int i = 0; i < 50; i++) {
                x = x.exp();
              }
              t.output("y", x);
            });
    MemoryPlan plan = MemoryPlan.of(p, v -> v);
    assertThat(plan.slotBytes()).isEqualTo(List.of(400L, 400L));
  }

  @Test
  void plansAreTheSameEveryTime() {
    for (int seed = 0; seed < 20; seed++) {
      Program p = Passes.inline(RandomPrograms.program(seed));
      Program q = Passes.inline(RandomPrograms.program(seed));
      assertThat(MemoryPlan.of(p, v -> v)).isEqualTo(MemoryPlan.of(q, v -> v));
    }
  }
}
