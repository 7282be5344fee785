package org.jdit.tensor.cpu.kernel;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdit.tensor.Shape;
import org.jdit.tensor.op.GateResidual;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.program.Node;
import org.jdit.tensor.program.Program;

/**
 * Element-wise operations in float, one or a chain of them: chunks of the operands are read into
 * registers whatever their layout and type, computed there, and only the results are written.
 */
public final class Elementwise implements Step {
  /** Elements of a chunk: long operands are fetched faster in longer runs. */
  private static final int CHUNK = 2 * Registers.CHUNK;

  /** Elements of one task. */
  private static final int GRAIN = 8 * CHUNK;

  private record Instruction(FloatFunction fn, int a, int b, int c, int to) {}

  private final Workers workers;
  private final Registers registers;
  private final Reader[] loads;
  private final Instruction[] code;
  private final Writer[] stores;
  private final int[] results;
  private final long numel;

  /** One operation. */
  public static Step of(
      Workers workers, Registers registers, Op op, List<Operand> in, Operand out) {
    Builder b = new Builder(workers, registers, out.shape());
    List<Integer> at = new ArrayList<>();
    for (int i = 0; i < in.size(); i++) {
      at.add(b.load(aligned(op, i, in.get(i))));
    }
    b.store(b.compute(op, at), out);
    return new Elementwise(b);
  }

  /** A chain: a Program of element-wise operations on values that stretch to one shape. */
  public static Step chain(
      Workers workers, Registers registers, Program chain, List<Operand> in, List<Operand> out) {
    Builder b = new Builder(workers, registers, out.getFirst().shape());
    Map<Integer, Integer> at = new HashMap<>();
    for (int i = 0; i < in.size(); i++) {
      at.put(chain.inputs().get(i).id(), b.load(in.get(i)));
    }
    List<Node> nodes = chain.nodes();
    Map<Integer, Integer> lastUse = new HashMap<>();
    for (int i = 0; i < nodes.size(); i++) {
      for (int id : nodes.get(i).in()) {
        lastUse.put(id, i);
      }
    }
    Set<Integer> kept = new HashSet<>(chain.roots());
    for (int i = 0; i < nodes.size(); i++) {
      Node n = nodes.get(i);
      List<Integer> operands = n.in().stream().map(at::get).toList();
      for (int id : Set.copyOf(n.in())) {
        if (lastUse.get(id) == i && !kept.contains(id)) {
          b.release(at.get(id));
        }
      }
      at.put(n.out().getFirst(), b.compute(n.op(), operands));
    }
    for (int i = 0; i < out.size(); i++) {
      b.store(at.get(chain.outputs().get(i).id()), out.get(i));
    }
    return new Elementwise(b);
  }

  /** An operand with its axes where broadcasting looks for them. */
  private static Operand aligned(Op op, int index, Operand x) {
    if (op instanceof GateResidual && index == 1) {
      Shape rows = Shape.of(x.shape().dim(0), 1, x.shape().dim(1));
      return x.with(x.layout().reshape(rows).orElseThrow());
    }
    return x;
  }

  private static final class Builder {
    private final Workers workers;
    private final Registers registers;
    private final Shape shape;
    private final List<Reader> loads = new ArrayList<>();
    private final List<Instruction> code = new ArrayList<>();
    private final List<Writer> stores = new ArrayList<>();
    private final List<Integer> results = new ArrayList<>();
    private final Deque<Integer> free = new ArrayDeque<>();
    private int used;

    Builder(Workers workers, Registers registers, Shape shape) {
      this.workers = workers;
      this.registers = registers;
      this.shape = shape;
    }

    int load(Operand x) {
      loads.add(new Reader(x.expand(shape)));
      return used++;
    }

    /** Lets a register be used again: functions may write over what they read. */
    void release(int register) {
      free.addLast(register);
    }

    int compute(Op op, List<Integer> in) {
      int a = in.get(0);
      int b = in.size() > 1 ? in.get(1) : a;
      int c = in.size() > 2 ? in.get(2) : a;
      int to = free.isEmpty() ? used++ : free.removeLast();
      code.add(new Instruction(FloatFunction.of(op), a, b, c, to));
      return to;
    }

    void store(int register, Operand out) {
      results.add(register);
      stores.add(new Writer(out));
    }
  }

  private Elementwise(Builder b) {
    workers = b.workers;
    registers = b.registers;
    loads = b.loads.toArray(Reader[]::new);
    code = b.code.toArray(Instruction[]::new);
    stores = b.stores.toArray(Writer[]::new);
    results = b.results.stream().mapToInt(Integer::intValue).toArray();
    numel = b.shape.numel();
    registers.demand(b.used, CHUNK);
  }

  @Override
  public void run() {
    workers.run(Tasks.of(numel, GRAIN), this::task);
  }

  private void task(int task, int worker) {
    float[][] r = registers.of(worker);
    long end = Math.min(numel, (task + 1L) * GRAIN);
    for (long start = (long) task * GRAIN; start < end; start += CHUNK) {
      int n = (int) Math.min(CHUNK, end - start);
      for (int i = 0; i < loads.length; i++) {
        loads[i].read(start, n, r[i], 0);
      }
      for (Instruction i : code) {
        i.fn.apply(r[i.a], r[i.b], r[i.c], r[i.to], n);
      }
      for (int i = 0; i < stores.length; i++) {
        stores[i].write(start, n, r[results[i]], 0);
      }
    }
  }
}
