package org.jdit.tensor.cpu.kernel;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdit.tensor.Shape;
import org.jdit.tensor.op.GateResidual;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.program.Program;

/**
 * Element-wise operations in float, one or a {@link Chain} of them: only the results are written,
 * and they where they belong.
 */
public final class Elementwise implements Step {
  /** Elements of a chunk: long operands are fetched faster in longer runs. */
  private static final int CHUNK = 2 * Registers.CHUNK;

  /** Elements of one task. */
  private static final int GRAIN = 8 * CHUNK;

  /**
   * A result.
   *
   * @param slot which value of the chain
   * @param direct whether it is computed into its place
   */
  private record Store(Writer to, int slot, boolean direct) {}

  private final Workers workers;
  private final Chain chain;
  private final List<Store> stores = new ArrayList<>();
  private final long numel;

  /** One operation. */
  public static Step of(
      Workers workers, Registers registers, Op op, List<Operand> in, Operand out) {
    List<Operand> operands = new ArrayList<>();
    List<Integer> slots = new ArrayList<>();
    for (int i = 0; i < in.size(); i++) {
      operands.add(aligned(op, i, in.get(i)));
      slots.add(i);
    }
    Chain chain = new Chain(registers, out.shape(), operands);
    return new Elementwise(workers, chain, List.of(chain.compute(op, slots)), List.of(out));
  }

  /** A chain: a Program of element-wise operations on values that stretch to one shape. */
  public static Step chain(
      Workers workers, Registers registers, Program chain, List<Operand> in, List<Operand> out) {
    Chain values = new Chain(registers, out.getFirst().shape(), in);
    Map<Integer, Integer> slots =
        values.compute(chain.nodes(), chain.inputs(), new HashSet<>(chain.roots()));
    List<Integer> results = chain.outputs().stream().map(o -> slots.get(o.id())).toList();
    return new Elementwise(workers, values, results, out);
  }

  /** An operand with its axes where broadcasting looks for them. */
  private static Operand aligned(Op op, int index, Operand x) {
    if (op instanceof GateResidual && index == 1) {
      Shape rows = Shape.of(x.shape().dim(0), 1, x.shape().dim(1));
      return x.with(x.layout().reshape(rows).orElseThrow());
    }
    return x;
  }

  private Elementwise(Workers workers, Chain chain, List<Integer> slots, List<Operand> out) {
    this.workers = workers;
    this.chain = chain;
    Set<Integer> placed = new HashSet<>();
    for (int i = 0; i < out.size(); i++) {
      int slot = slots.get(i);
      boolean direct = chain.mayBecome(out.get(i), slot) && placed.add(slot);
      stores.add(new Store(new Writer(out.get(i)), slot, direct));
    }
    numel = chain.shape().numel();
    chain.complete(CHUNK, slots);
  }

  @Override
  public void run() {
    workers.run(Tasks.of(numel, GRAIN), this::task);
  }

  private void task(int task, int worker) {
    Chain.Frame frame = chain.frame(worker, CHUNK);
    long end = Math.min(numel, (task + 1L) * GRAIN);
    for (long start = (long) task * GRAIN; start < end; start += CHUNK) {
      int n = (int) Math.min(CHUNK, end - start);
      for (Store s : stores) {
        if (s.direct) {
          frame.place(s.slot, s.to.place(start, n, frame.home(s.slot)));
        }
      }
      chain.run(start, n, frame);
      for (Store s : stores) {
        s.to.write(start, n, frame.at(s.slot));
      }
    }
  }
}
