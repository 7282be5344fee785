package org.jdit.tensor.cpu.kernel;

import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.cpu.machine.LoopWriter;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;
import org.jdit.tensor.cpu.machine.VectorLoop;

/** Layer normalisation over the last axis, and what follows it in adaLN. */
public final class LayerNormStep implements Step {
  /**
   * The normalised value, and what the gradient needs of it.
   *
   * @param mean where the means go
   * @param rstd where the reciprocal standard deviations go
   */
  public record Statistics(Operand mean, Operand rstd) {}

  /**
   * {@code y · (1 + scale) + shift}, the same for all rows of a sample.
   *
   * @param shift {@code [N, D]}
   * @param scale {@code [N, D]}
   */
  public record Modulation(Operand shift, Operand scale) {}

  /**
   * In machine code, from the first address to the second, with mean and reciprocal deviation from
   * the array.
   */
  private static final Optional<VectorLoop> NORMALISE = Loops.map(LayerNormStep::normalise);

  /** As above, with the scale at the third address and the shift at the fourth. */
  private static final Optional<VectorLoop> MODULATE = Loops.map(LayerNormStep::modulate);

  private final Workers workers;
  private final Registers registers;
  private final Reader x;
  private final Writer y;
  private final Writer mean;
  private final Writer rstd;
  private final Reader shift;
  private final Reader scale;
  private final int width;
  private final long rows;
  private final long rowsPerSample;
  private final double eps;

  /** Normalisation of {@code x} into {@code y}, both of one shape. */
  public LayerNormStep(
      Workers workers,
      Registers registers,
      Operand x,
      double eps,
      Operand y,
      Optional<Statistics> statistics,
      Optional<Modulation> modulation) {
    this.workers = workers;
    this.registers = registers;
    this.eps = eps;
    this.x = new Reader(x);
    this.y = new Writer(y);
    mean = statistics.map(s -> new Writer(s.mean())).orElse(null);
    rstd = statistics.map(s -> new Writer(s.rstd())).orElse(null);
    shift = modulation.map(m -> new Reader(m.shift())).orElse(null);
    scale = modulation.map(m -> new Reader(m.scale())).orElse(null);
    width = x.shape().dim(-1);
    rows = x.numel() / width;
    rowsPerSample = modulation.map(m -> rows / Math.max(1, m.shift().shape().dim(0))).orElse(rows);
    registers.demand(3, Math.max(1, width));
  }

  @Override
  public void run() {
    workers.run(Tasks.of(rows, Tasks.rows(width)), this::task);
  }

  private void task(int task, int worker) {
    long row = registers.at(worker, 0);
    long factors = registers.at(worker, 1);
    long summands = registers.at(worker, 2);
    long present = -1;
    int grain = Tasks.rows(width);
    long end = Math.min(rows, (task + 1L) * grain);
    for (long i = (long) task * grain; i < end; i++) {
      long from = x.chunk(i * width, width, row);
      float m = (float) (Sums.sum(from, width) / width);
      float s = (float) (1 / Math.sqrt(Sums.sumSquares(from, m, width) / width + eps));
      long to = y.place(i * width, width, row);
      if (mean != null) {
        mean.writeDouble(i, m);
        rstd.writeDouble(i, s);
      }
      if (shift != null) {
        long sample = i / rowsPerSample;
        if (sample != present) {
          scale.read(sample * width, width, factors);
          shift.read(sample * width, width, summands);
          present = sample;
        }
      }
      normalise(from, m, s, factors, summands, to);
      y.write(i * width, width, to);
    }
  }

  private void normalise(long x, float mean, float rstd, long scale, long shift, long y) {
    Optional<VectorLoop> loop = this.shift == null ? NORMALISE : MODULATE;
    if (loop.isPresent()) {
      long[] addresses = {x, y, scale, shift};
      Loops.run(loop.get(), addresses, new float[] {mean, rstd}, width);
      return;
    }
    normalise(x, mean, rstd, y, width);
    if (this.shift != null) {
      modulate(y, scale, shift, width);
    }
  }

  private static int normalise(LoopWriter x, int in) {
    int centred = x.sub(in, x.constant(LoopWriter.ARRAY, 0));
    return x.mul(centred, x.constant(LoopWriter.ARRAY, 1));
  }

  private static int modulate(LoopWriter x, int in) {
    int factor = x.add(x.vector(new Place(2, 0, 1)), x.literal(1));
    return x.fma(normalise(x, in), factor, x.vector(new Place(3, 0, 1)));
  }

  private static void normalise(long x, float mean, float rstd, long y, int n) {
    for (long i = 0; i < (long) n * Float.BYTES; i += Lanes.BYTES) {
      Lanes.store(Lanes.load(x + i).sub(mean).mul(rstd), y + i);
    }
  }

  private static void modulate(long x, long scale, long shift, int n) {
    for (long i = 0; i < (long) n * Float.BYTES; i += Lanes.BYTES) {
      FloatVector factor = Lanes.load(scale + i).add(1f);
      Lanes.store(Lanes.load(x + i).fma(factor, Lanes.load(shift + i)), x + i);
    }
  }
}
