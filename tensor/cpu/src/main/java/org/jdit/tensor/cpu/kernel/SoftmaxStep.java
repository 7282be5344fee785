package org.jdit.tensor.cpu.kernel;

import jdk.incubator.vector.FloatVector;

/** {@code exp(x - max) / sum} over the last axis. */
public final class SoftmaxStep implements Step {
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
    float[] row = registers.of(worker)[0];
    int grain = Tasks.rows(width);
    long end = Math.min(rows, (task + 1L) * grain);
    for (long i = (long) task * grain; i < end; i++) {
      x.read(i * width, width, row, 0);
      exponentials(row, Sums.max(row, width), width);
      scale(row, (float) (1 / Sums.sum(row, width)), width);
      y.write(i * width, width, row, 0);
    }
  }

  private static void exponentials(float[] x, float max, int n) {
    for (int i = 0; i < n; i += Lanes.COUNT) {
      VectorMath.exp(FloatVector.fromArray(Lanes.F32, x, i).sub(max)).intoArray(x, i);
    }
  }

  private static void scale(float[] x, float by, int n) {
    for (int i = 0; i < n; i += Lanes.COUNT) {
      FloatVector.fromArray(Lanes.F32, x, i).mul(by).intoArray(x, i);
    }
  }
}
