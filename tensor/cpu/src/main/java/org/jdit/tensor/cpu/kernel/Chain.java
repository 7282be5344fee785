package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntUnaryOperator;
import org.jdit.tensor.Shape;
import org.jdit.tensor.cpu.machine.LoopWriter;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;
import org.jdit.tensor.cpu.machine.VectorLoop;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.program.Input;
import org.jdit.tensor.program.Node;

/**
 * Element-wise operations in float, computed on one chunk after the other. Operands are read where
 * they are, or copied to registers if their layout or type asks for it; values are known by the
 * numbers of their slots, operands' first.
 */
final class Chain {
  /** An operation and the slots that it reads and sets. */
  private record Instruction(Op op, FloatFunction fn, int a, int b, int c, int to) {}

  private final Arena arena;
  private final Registers registers;
  private final Shape shape;
  private final List<Operand> operands = new ArrayList<>();
  private final List<Reader> loads = new ArrayList<>();
  private final List<Instruction> code = new ArrayList<>();

  /** The register of each slot. */
  private final List<Integer> homes = new ArrayList<>();

  private final Deque<Integer> free = new ArrayDeque<>();
  private int used;

  /** The slots that are read after a chunk. */
  private List<Integer> stored = List.of();

  private Optional<VectorLoop> loop = Optional.empty();

  /**
   * No operations yet, on some operands that stretch to one shape.
   *
   * @param arena until it is closed the chain may run
   */
  Chain(Arena arena, Registers registers, Shape shape, List<Operand> operands) {
    this.arena = arena;
    this.registers = registers;
    this.shape = shape;
    for (Operand x : operands) {
      this.operands.add(x);
      loads.add(new Reader(x.expand(shape)));
      homes.add(used++);
    }
  }

  /** Shape of all values. */
  Shape shape() {
    return shape;
  }

  /** Adds one operation, of slots, and returns the slot of its result. */
  int compute(Op op, List<Integer> in) {
    int a = in.get(0);
    int b = in.size() > 1 ? in.get(1) : a;
    int c = in.size() > 2 ? in.get(2) : a;
    homes.add(free.isEmpty() ? used++ : free.removeLast());
    int to = homes.size() - 1;
    code.add(new Instruction(op, FloatFunction.of(op), a, b, c, to));
    return to;
  }

  /**
   * Adds operations.
   *
   * @param inputs what operations call the operands, slot by slot
   * @param kept what is read after the last of them
   * @return the slot of each id
   */
  Map<Integer, Integer> compute(List<Node> nodes, List<Input> inputs, Set<Integer> kept) {
    Map<Integer, Integer> slots = new HashMap<>();
    inputs.forEach(input -> slots.put(input.id(), slots.size()));
    Map<Integer, Integer> lastUse = new HashMap<>();
    for (int i = 0; i < nodes.size(); i++) {
      for (int id : nodes.get(i).in()) {
        lastUse.put(id, i);
      }
    }
    for (int i = 0; i < nodes.size(); i++) {
      Node n = nodes.get(i);
      for (int id : new HashSet<>(n.in())) {
        if (lastUse.get(id) == i && !kept.contains(id)) {
          release(slots.get(id));
        }
      }
      slots.put(n.out().getFirst(), compute(n.op(), n.in().stream().map(slots::get).toList()));
    }
    return slots;
  }

  /** Lets a slot's register be used again: functions may write over what they read. */
  private void release(int slot) {
    if (!isConstant(slot)) {
      free.addLast(homes.get(slot));
    }
  }

  private boolean isConstant(int slot) {
    return slot < operands.size() && operands.get(slot).numel() == 1;
  }

  /**
   * Whether an operation's slot may be computed into a result's own memory: no operand that lies
   * there is read after that.
   */
  boolean mayBecome(Operand result, int slot) {
    return code.subList(slot - operands.size() + 1, code.size()).stream()
        .noneMatch(i -> lies(i.a, result) || lies(i.b, result) || lies(i.c, result));
  }

  private boolean lies(int slot, Operand result) {
    return slot < operands.size() && operands.get(slot).overlaps(result);
  }

  /**
   * Makes room in the registers for chunks, and code if there can be some.
   *
   * @param results the slots of operations that are read after each chunk; of the others none may
   *     be
   */
  void complete(int chunk, List<Integer> results) {
    registers.demand(used, chunk);
    stored = results.stream().distinct().toList();
    if (code.stream().allMatch(i -> Loops.compute(i.op))) {
      loop = Loops.load(write(), arena);
    }
  }

  /** All operations as one loop; its addresses are those of operands, then those of results. */
  private LoopWriter write() {
    LoopWriter writer = new LoopWriter();
    Map<Integer, Integer> values = new HashMap<>();
    // Operands are loaded where they are first used, so that fewer registers hold them at once.
    IntUnaryOperator value =
        slot ->
            values.computeIfAbsent(
                slot,
                operand ->
                    isConstant(operand)
                        ? writer.constant(operand, 0)
                        : writer.vector(new Place(operand, 0, 1)));
    for (Instruction i : code) {
      int a = value.applyAsInt(i.a);
      int b = value.applyAsInt(i.b);
      int c = value.applyAsInt(i.c);
      values.put(i.to, Loops.compute(writer, i.op, a, b, c));
    }
    for (int i = 0; i < stored.size(); i++) {
      writer.store(values.get(stored.get(i)), new Place(operands.size() + i, 0, 1));
    }
    return writer;
  }

  /** Where the values of a chunk are. */
  static final class Frame {
    private final long[] homes;
    private final long[] at;

    /** What the loop takes. */
    private final long[] addresses;

    private Frame(long[] homes, int addresses) {
      this.homes = homes;
      this.at = homes.clone();
      this.addresses = new long[addresses];
    }

    /** The address of a slot's register. */
    long home(int slot) {
      return homes[slot];
    }

    /** The address of a slot's value. */
    long at(int slot) {
      return at[slot];
    }

    /** Has the value of an operation computed elsewhere than in its register. */
    void place(int slot, long address) {
      at[slot] = address;
    }
  }

  /** A frame for chunks of some elements or fewer, until a step is built. */
  Frame frame(int worker, int chunk) {
    long[] addresses = new long[homes.size()];
    for (int i = 0; i < addresses.length; i++) {
      addresses[i] = registers.at(worker, homes.get(i));
    }
    for (int i = 0; i < operands.size(); i++) {
      if (isConstant(i) && shape.numel() > 0) {
        loads.get(i).read(0, (int) Math.min(chunk, shape.numel()), addresses[i]);
      }
    }
    return new Frame(addresses, operands.size() + stored.size());
  }

  /** Computes all values of a chunk of elements. */
  void run(long start, int n, Frame frame) {
    long[] at = frame.at;
    for (int i = 0; i < operands.size(); i++) {
      if (!isConstant(i)) {
        at[i] = loads.get(i).chunk(start, n, frame.homes[i]);
      }
    }
    if (loop.isPresent()) {
      for (int i = 0; i < stored.size(); i++) {
        frame.addresses[operands.size() + i] = at[stored.get(i)];
      }
      System.arraycopy(at, 0, frame.addresses, 0, operands.size());
      loop.get().run(frame.addresses, Math.ceilDiv(n, Lanes.COUNT));
      return;
    }
    for (Instruction i : code) {
      i.fn.apply(at[i.a], at[i.b], at[i.c], at[i.to], (long) n * Float.BYTES);
    }
  }
}
