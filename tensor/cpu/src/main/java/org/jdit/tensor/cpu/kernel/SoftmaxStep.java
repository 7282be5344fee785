package org.jdit.tensor.cpu.kernel;

import java.util.Optional;
import org.jdit.tensor.cpu.machine.LoopWriter;
import org.jdit.tensor.cpu.machine.VectorLoop;

/** {@code exp(x - max) / sum} over the last axis. */
public final class SoftmaxStep implements Step {
  /** In machine code, from the first address to the second, with a number from the array. */
  private static final Optional<VectorLoop> EXPONENTIALS =
      Loops.map((x, in) -> Loops.exp(x, x.sub(in, x.constant(LoopWriter.ARRAY, 0))));

  private static final Optional<VectorLoop> SCALE =
      Loops.map((x, in) -> x.mul(in, x.constant(LoopWriter.ARRAY, 0)));

  private final Workers workers;
  private final Registers registers;
  private final Reader x;
  private final Writer y;
  private final int width;
  private final long rows;

  /** Softmax of {@code x} into {@code y}. */
  public SoftmaxStep(Workers workers, Registers registers, Operand x, Operand y) {
    this.workers = workers;
    this.registers = registers;
    this.x = new Reader(x);
    this.y = new Writer(y);
    width = x.shape().dim(-1);
    rows = width == 0 ? 0 : x.numel() / width;
    registers.demand(1, Math.max(1, width));
  }

  @Override
  public void run() {
    workers.run(Tasks.of(rows, Tasks.rows(width)), this::task);
  }

  private void task(int task, int worker) {
    long row = registers.at(worker, 0);
    int grain = Tasks.rows(width);
    long end = Math.min(rows, (task + 1L) * grain);
    for (long i = (long) task * grain; i < end; i++) {
      long from = x.chunk(i * width, width, row);
      long to = y.place(i * width, width, row);
      exponentials(from, Sums.max(from, width), to, width);
      scale(to, (float) (1 / Sums.sum(to, width)), width);
      y.write(i * width, width, to);
    }
  }

  private static void exponentials(long x, float max, long y, int n) {
    if (EXPONENTIALS.isPresent()) {
      Loops.run(EXPONENTIALS.get(), new long[] {x, y}, new float[] {max}, n);
      return;
    }
    for (long i = 0; i < (long) n * Float.BYTES; i += Lanes.BYTES) {
      Lanes.store(VectorMath.exp(Lanes.load(x + i).sub(max)), y + i);
    }
  }

  private static void scale(long x, float by, int n) {
    if (SCALE.isPresent()) {
      Loops.run(SCALE.get(), new long[] {x, x}, new float[] {by}, n);
      return;
    }
    for (long i = 0; i < (long) n * Float.BYTES; i += Lanes.BYTES) {
      Lanes.store(Lanes.load(x + i).mul(by), x + i);
    }
  }
}
