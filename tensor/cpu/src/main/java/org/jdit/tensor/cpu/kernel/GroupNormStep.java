package org.jdit.tensor.cpu.kernel;

import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.cpu.machine.LoopWriter;
import org.jdit.tensor.cpu.machine.VectorLoop;
import org.jdit.tensor.op.GroupNorm;

/** Group normalisation of images, with SiLU if asked; one task for each group. */
public final class GroupNormStep implements Step {
  /** In machine code, from the first address to the second, with two numbers from the array. */
  private static final Optional<VectorLoop> AFFINE = Loops.map(GroupNormStep::affine);

  private static final Optional<VectorLoop> AFFINE_SILU =
      Loops.map((x, in) -> Loops.silu(x, affine(x, in)));

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
    long chunk = registers.at(worker, 0);
    long weights = registers.at(worker, 1);
    long biases = registers.at(worker, 2);
    int size = channels / op.groups();
    long start = task * (size * plane);
    long n = size * plane;
    float mean = (float) (sum(start, n, chunk) / n);
    double rstd = 1 / Math.sqrt(sumSquares(start, n, mean, chunk) / n + op.eps());
    int first = task % op.groups() * size;
    weight.read(first, size, weights);
    bias.read(first, size, biases);
    for (int c = 0; c < size; c++) {
      double factor = rstd * Lanes.get(weights, c);
      channel(
          start + c * plane, (float) factor, (float) (Lanes.get(biases, c) - mean * factor), chunk);
    }
  }

  private double sum(long start, long n, long chunk) {
    double total = 0;
    for (long at = 0; at < n; at += Registers.CHUNK) {
      int length = (int) Math.min(Registers.CHUNK, n - at);
      total += Sums.sum(x.chunk(start + at, length, chunk), length);
    }
    return total;
  }

  private double sumSquares(long start, long n, float mean, long chunk) {
    double total = 0;
    for (long at = 0; at < n; at += Registers.CHUNK) {
      int length = (int) Math.min(Registers.CHUNK, n - at);
      total += Sums.sumSquares(x.chunk(start + at, length, chunk), mean, length);
    }
    return total;
  }

  private void channel(long start, float factor, float summand, long chunk) {
    for (long at = 0; at < plane; at += Registers.CHUNK) {
      int length = (int) Math.min(Registers.CHUNK, plane - at);
      long from = x.chunk(start + at, length, chunk);
      long to = y.place(start + at, length, chunk);
      if (op.silu()) {
        affineSilu(from, factor, summand, to, length);
      } else {
        affine(from, factor, summand, to, length);
      }
      y.write(start + at, length, to);
    }
  }

  private static void affine(long x, float factor, float summand, long y, int n) {
    if (AFFINE.isPresent()) {
      run(AFFINE.get(), x, factor, summand, y, n);
      return;
    }
    FloatVector a = FloatVector.broadcast(Lanes.F32, factor);
    FloatVector b = FloatVector.broadcast(Lanes.F32, summand);
    for (long i = 0; i < (long) n * Float.BYTES; i += Lanes.BYTES) {
      Lanes.store(Lanes.load(x + i).fma(a, b), y + i);
    }
  }

  private static void affineSilu(long x, float factor, float summand, long y, int n) {
    if (AFFINE_SILU.isPresent()) {
      run(AFFINE_SILU.get(), x, factor, summand, y, n);
      return;
    }
    FloatVector a = FloatVector.broadcast(Lanes.F32, factor);
    FloatVector b = FloatVector.broadcast(Lanes.F32, summand);
    for (long i = 0; i < (long) n * Float.BYTES; i += Lanes.BYTES) {
      Lanes.store(VectorMath.silu(Lanes.load(x + i).fma(a, b)), y + i);
    }
  }

  private static void run(VectorLoop loop, long x, float factor, float summand, long y, int n) {
    Loops.run(loop, new long[] {x, y}, new float[] {factor, summand}, n);
  }

  private static int affine(LoopWriter x, int in) {
    return x.fma(in, x.constant(LoopWriter.ARRAY, 0), x.constant(LoopWriter.ARRAY, 1));
  }
}
