package org.jdit.tensor.program;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;
import java.util.stream.Collectors;
import org.jdit.tensor.DType;

/**
 * Which buffer each computed value gets, by liveness: values that are never needed at the same time
 * share a slot. Slots are whole buffers.
 *
 * @param slotOf slot of each value that owns storage
 * @param slotBytes size of each slot
 */
public record MemoryPlan(Map<Integer, Integer> slotOf, List<Long> slotBytes) {
  /**
   * Plans the results of a Program's nodes. Inputs get no slot; outputs, updates and the gate keep
   * theirs to the end.
   *
   * @param storageOf the value whose buffer a value lies in: itself, or what it is a view of
   */
  public static MemoryPlan of(Program p, IntUnaryOperator storageOf) {
    return of(p, storageOf, _ -> true);
  }

  /**
   * The same for buffers of several kinds; values share a slot only within a kind.
   *
   * @param kindOf the kind of buffer that an element type needs
   */
  public static MemoryPlan of(
      Program p, IntUnaryOperator storageOf, Function<DType, Object> kindOf) {
    Map<Integer, Integer> lastUse = new HashMap<>();
    for (int i = 0; i < p.nodes().size(); i++) {
      for (int v : p.nodes().get(i).in()) {
        lastUse.put(storageOf.applyAsInt(v), i);
      }
    }
    p.roots().forEach(v -> lastUse.put(storageOf.applyAsInt(v), Integer.MAX_VALUE));
    Map<Integer, Integer> slotOf = new HashMap<>();
    List<Long> bytes = new ArrayList<>();
    List<Object> kinds = new ArrayList<>();
    Set<Integer> free = new HashSet<>();
    for (int i = 0; i < p.nodes().size(); i++) {
      Node n = p.nodes().get(i);
      Set<Integer> done = new HashSet<>();
      for (int v : n.out()) {
        if (storageOf.applyAsInt(v) == v) {
          Object kind = kindOf.apply(p.spec(v).dtype());
          Set<Integer> fitting =
              free.stream().filter(s -> kinds.get(s).equals(kind)).collect(Collectors.toSet());
          int slot = claim(p.spec(v).bytes(), bytes, fitting);
          free.remove(slot);
          if (slot == kinds.size()) {
            kinds.add(kind);
          }
          slotOf.put(v, slot);
          if (lastUse.getOrDefault(v, i) <= i) {
            done.add(v);
          }
        }
      }
      for (int v : n.in()) {
        int storage = storageOf.applyAsInt(v);
        if (lastUse.get(storage) == i && slotOf.containsKey(storage)) {
          done.add(storage);
        }
      }
      done.forEach(v -> free.add(slotOf.get(v)));
    }
    return new MemoryPlan(slotOf, bytes);
  }

  /** The smallest free slot that is large enough, else the largest one, grown, else a new one. */
  private static int claim(long need, List<Long> bytes, Set<Integer> free) {
    int fit = -1;
    int largest = -1;
    for (int s : free) {
      if (bytes.get(s) >= need && (fit < 0 || smaller(s, fit, bytes))) {
        fit = s;
      }
      if (largest < 0 || smaller(largest, s, bytes)) {
        largest = s;
      }
    }
    int slot = fit >= 0 ? fit : largest;
    if (slot < 0) {
      bytes.add(need);
      return bytes.size() - 1;
    }
    bytes.set(slot, Math.max(bytes.get(slot), need));
    return slot;
  }

  private static boolean smaller(int a, int b, List<Long> bytes) {
    int c = Long.compare(bytes.get(a), bytes.get(b));
    return c < 0 || (c == 0 && a < b);
  }

  /** Bytes of all slots. */
  public long totalBytes() {
    return slotBytes.stream().mapToLong(Long::longValue).sum();
  }
}
