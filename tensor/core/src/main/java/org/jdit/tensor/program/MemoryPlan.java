package org.jdit.tensor.program;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;
import org.jdit.tensor.DType;
import org.jdit.tensor.Spec;

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
    List<Value> values = values(p, storageOf);
    // The largest first: a value then fits every slot there is, and long-lived small values do not
    // keep large slots from others.
    values.sort(Comparator.comparingLong(Value::bytes).reversed());
    Map<Integer, Integer> slotOf = new HashMap<>();
    List<Long> bytes = new ArrayList<>();
    List<Object> kinds = new ArrayList<>();
    List<TreeMap<Integer, Integer>> taken = new ArrayList<>();
    for (Value v : values) {
      Object kind = kindOf.apply(v.type());
      int slot = bytes.size() - 1;
      // The later a slot was made, the better its size fits.
      while (slot >= 0 && !(kinds.get(slot).equals(kind) && isFree(taken.get(slot), v))) {
        slot--;
      }
      if (slot < 0) {
        slot = bytes.size();
        bytes.add(v.bytes());
        kinds.add(kind);
        taken.add(new TreeMap<>());
      }
      taken.get(slot).put(v.from(), v.to());
      slotOf.put(v.id(), slot);
    }
    return new MemoryPlan(slotOf, bytes);
  }

  /**
   * A value that needs a buffer.
   *
   * @param from the node that makes it, or the first that makes a part of it
   * @param to the last node that reads it, or its maker
   */
  private record Value(int id, DType type, long bytes, int from, int to) {}

  private static List<Value> values(Program p, IntUnaryOperator storageOf) {
    Map<Integer, Integer> lastUse = new HashMap<>();
    for (int i = 0; i < p.nodes().size(); i++) {
      for (int v : p.nodes().get(i).in()) {
        lastUse.put(storageOf.applyAsInt(v), i);
      }
    }
    p.roots().forEach(v -> lastUse.put(storageOf.applyAsInt(v), Integer.MAX_VALUE));
    Map<Integer, Integer> firstPart = new HashMap<>();
    List<Value> values = new ArrayList<>();
    for (int i = 0; i < p.nodes().size(); i++) {
      for (int v : p.nodes().get(i).out()) {
        int from = i;
        firstPart.computeIfAbsent(storageOf.applyAsInt(v), _ -> from);
        if (storageOf.applyAsInt(v) == v) {
          Spec spec = p.spec(v);
          values.add(
              new Value(
                  v,
                  spec.dtype(),
                  spec.bytes(),
                  firstPart.get(v),
                  Math.max(i, lastUse.getOrDefault(v, i))));
        }
      }
    }
    return values;
  }

  private static boolean isFree(TreeMap<Integer, Integer> taken, Value v) {
    Map.Entry<Integer, Integer> before = taken.floorEntry(v.to());
    return before == null || before.getValue() < v.from();
  }

  /** Bytes of all slots. */
  public long totalBytes() {
    return slotBytes.stream().mapToLong(Long::longValue).sum();
  }
}
