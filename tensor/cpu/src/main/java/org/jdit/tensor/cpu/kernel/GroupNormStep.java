package org.jdit.tensor.cpu.kernel;

import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.op.GroupNorm;

/** Group normalisation of images, with SiLU if asked; one task for each group. */
public final class GroupNormStep implements Step {
  private final Workers workers;
  private final Registers registers;
  private final GroupNorm op;
  private final Reader x;
  private final Reader weight;
  private final Reader bias;
  private final Writer y;
  private final int samples;
  private final int channels;
  private final long plane;

  /** Normalisation of {@code x [N, C, H, W]} into {@code y}. */
  public GroupNormStep(
      Workers workers,
      Registers registers,
      GroupNorm op,
      Operand x,
      Operand weight,
      Operand bias,
      Operand y) {
    this.workers = workers;
    this.registers = registers;
    this.op = op;
    this.x = new Reader(x);
    this.weight = new Reader(weight);
    this.bias = new Reader(bias);
    this.y = new Writer(y);
    samples = x.shape().dim(0);
    channels = x.shape().dim(1);
    plane = (long) x.shape().dim(2) * x.shape().dim(3);
    registers.demand(3, Math.max(Registers.CHUNK, channels / op.groups()));
  }

  @Override
  public void run() {
    workers.run(samples * op.groups(), this::group);
  }

  private void group(int task, int worker) {
    float[][] r = registers.of(worker);
    float[] chunk = r[0];
    int size = channels / op.groups();
    long start = task * (size * plane);
    long n = size * plane;
    float mean = (float) (sum(start, n, chunk) / n);
    double rstd = 1 / Math.sqrt(sumSquares(start, n, mean, chunk) / n + op.eps());
    int first = task % op.groups() * size;
    weight.read(first, size, r[1], 0);
    bias.read(first, size, r[2], 0);
    for (int c = 0; c < size; c++) {
      double factor = rstd * r[1][c];
      channel(start + c * plane, (float) factor, (float) (r[2][c] - mean * factor), chunk);
    }
  }

  private double sum(long start, long n, float[] chunk) {
    double total = 0;
    for (long at = 0; at < n; at += Registers.CHUNK) {
      int length = (int) Math.min(Registers.CHUNK, n - at);
      x.read(start + at, length, chunk, 0);
      total += Sums.sum(chunk, length);
    }
    return total;
  }

  private double sumSquares(long start, long n, float mean, float[] chunk) {
    double total = 0;
    for (long at = 0; at < n; at += Registers.CHUNK) {
      int length = (int) Math.min(Registers.CHUNK, n - at);
      x.read(start + at, length, chunk, 0);
      total += Sums.sumSquares(chunk, mean, length);
    }
    return total;
  }

  private void channel(long start, float factor, float summand, float[] chunk) {
    for (long at = 0; at < plane; at += Registers.CHUNK) {
      int length = (int) Math.min(Registers.CHUNK, plane - at);
      x.read(start + at, length, chunk, 0);
      if (op.silu()) {
        affineSilu(chunk, factor, summand, length);
      } else {
        affine(chunk, factor, summand, length);
      }
      y.write(start + at, length, chunk, 0);
    }
  }

  private static void affine(float[] x, float factor, float summand, int n) {
    FloatVector a = FloatVector.broadcast(Lanes.F32, factor);
    FloatVector b = FloatVector.broadcast(Lanes.F32, summand);
    for (int i = 0; i < n; i += Lanes.COUNT) {
      FloatVector.fromArray(Lanes.F32, x, i).fma(a, b).intoArray(x, i);
    }
  }

  private static void affineSilu(float[] x, float factor, float summand, int n) {
    FloatVector a = FloatVector.broadcast(Lanes.F32, factor);
    FloatVector b = FloatVector.broadcast(Lanes.F32, summand);
    for (int i = 0; i < n; i += Lanes.COUNT) {
      VectorMath.silu(FloatVector.fromArray(Lanes.F32, x, i).fma(a, b)).intoArray(x, i);
    }
  }
}
