package org.jdit.tensor.cpu.kernel;

import java.util.Optional;
import org.jdit.tensor.cpu.machine.LoopWriter;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;
import org.jdit.tensor.cpu.machine.VectorLoop;

/** Normalisation by the root of the mean square over the last axis. */
public final class RmsNormStep implements Step {
  /**
   * In machine code, from the first address to the second, with the factor from the array and the
   * weight at the third address.
   */
  private static final Optional<VectorLoop> NORMALISE =
      Loops.map(
          (x, in) ->
              x.mul(x.mul(in, x.constant(LoopWriter.ARRAY, 0)), x.vector(new Place(2, 0, 1))));

  private final Workers workers;
  private final Registers registers;
  private final Reader x;
  private final Reader weight;
  private final Writer y;
  private final int width;
  private final long rows;
  private final double eps;

  /** Normalisation of {@code x [..., D]} into {@code y}, with {@code weight [D]}. */
  public RmsNormStep(
      Workers workers, Registers registers, Operand x, Operand weight, double eps, Operand y) {
    this.workers = workers;
    this.registers = registers;
    this.x = new Reader(x);
    this.weight = new Reader(weight);
    this.y = new Writer(y);
    this.eps = eps;
    width = x.shape().dim(-1);
    rows = x.numel() / width;
    registers.demand(2, width);
  }

  @Override
  public void run() {
    workers.run(Tasks.of(rows, Tasks.rows(width)), this::task);
  }

  private void task(int task, int worker) {
    long row = registers.at(worker, 0);
    long factors = weight.chunk(0, width, registers.at(worker, 1));
    int grain = Tasks.rows(width);
    long end = Math.min(rows, (task + 1L) * grain);
    for (long i = (long) task * grain; i < end; i++) {
      long from = x.chunk(i * width, width, row);
      float factor = (float) (1 / Math.sqrt(Sums.sumSquares(from, 0, width) / width + eps));
      long to = y.place(i * width, width, row);
      normalise(from, factor, factors, to);
      y.write(i * width, width, to);
    }
  }

  private void normalise(long x, float factor, long weight, long y) {
    if (NORMALISE.isPresent()) {
      Loops.run(NORMALISE.get(), new long[] {x, y, weight}, new float[] {factor}, width);
      return;
    }
    for (long i = 0; i < (long) width * Float.BYTES; i += Lanes.BYTES) {
      Lanes.store(Lanes.load(x + i).mul(factor).mul(Lanes.load(weight + i)), y + i);
    }
  }
}
