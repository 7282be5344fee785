package org.jdit.tensor.cpu.kernel;

import java.util.Optional;
import jdk.incubator.vector.FloatVector;

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
    registers.demand(4, Math.max(1, width));
  }

  @Override
  public void run() {
    workers.run(Tasks.of(rows, Tasks.rows(width)), this::task);
  }

  private void task(int task, int worker) {
    float[][] r = registers.of(worker);
    float[] row = r[0];
    float[] one = r[3];
    long present = -1;
    int grain = Tasks.rows(width);
    long end = Math.min(rows, (task + 1L) * grain);
    for (long i = (long) task * grain; i < end; i++) {
      x.read(i * width, width, row, 0);
      float m = (float) (Sums.sum(row, width) / width);
      float s = (float) (1 / Math.sqrt(Sums.sumSquares(row, m, width) / width + eps));
      normalise(row, m, s, width);
      if (mean != null) {
        one[0] = m;
        mean.write(i, 1, one, 0);
        one[0] = s;
        rstd.write(i, 1, one, 0);
      }
      if (shift != null) {
        long sample = i / rowsPerSample;
        if (sample != present) {
          scale.read(sample * width, width, r[1], 0);
          shift.read(sample * width, width, r[2], 0);
          present = sample;
        }
        modulate(row, r[1], r[2], width);
      }
      y.write(i * width, width, row, 0);
    }
  }

  private static void normalise(float[] x, float mean, float rstd, int n) {
    for (int i = 0; i < n; i += Lanes.COUNT) {
      FloatVector.fromArray(Lanes.F32, x, i).sub(mean).mul(rstd).intoArray(x, i);
    }
  }

  private static void modulate(float[] x, float[] scale, float[] shift, int n) {
    for (int i = 0; i < n; i += Lanes.COUNT) {
      FloatVector.fromArray(Lanes.F32, x, i)
          .fma(
              FloatVector.fromArray(Lanes.F32, scale, i).add(1f),
              FloatVector.fromArray(Lanes.F32, shift, i))
          .intoArray(x, i);
    }
  }
}
