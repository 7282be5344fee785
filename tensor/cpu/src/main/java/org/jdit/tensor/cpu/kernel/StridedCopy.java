package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Copies a value into another of the same shape and type, between any two layouts. */
public final class StridedCopy implements Step {
  private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;

  /** Runs of fewer elements are cheaper to copy one by one. */
  private static final int SHORT_RUN = 16;

  /** Elements of one task. */
  private static final int GRAIN = 1 << 16;

  private final Workers workers;
  private final MemorySegment from;
  private final MemorySegment to;
  private final int bytes;
  private final long fromOffset;
  private final long toOffset;
  private final Axes axes;
  private final long numel;
  private final int inner;
  private final long fromStep;
  private final long toStep;

  /** A copy of {@code from} to {@code to}. */
  public StridedCopy(Workers workers, Operand from, Operand to) {
    if (!from.shape().equals(to.shape()) || from.dtype() != to.dtype()) {
      throw new IllegalArgumentException("copy of " + from + " to " + to);
    }
    this.workers = workers;
    this.from = from.data();
    this.to = to.data();
    bytes = from.dtype().bytes();
    fromOffset = from.layout().offset();
    toOffset = to.layout().offset();
    Axes merged = Axes.of(from.layout(), to.layout());
    // A copy may go in any order: the inner loop is best over the longer axis.
    boolean swap = merged.dim(-1) < SHORT_RUN && merged.dim(-1) < merged.dim(-2);
    axes = swap ? merged.swapped() : merged;
    numel = from.numel();
    inner = axes.dim(-1);
    fromStep = axes.stride(0, -1);
    toStep = axes.stride(1, -1);
  }

  @Override
  public void run() {
    workers.run(Tasks.of(numel, GRAIN), this::task);
  }

  private void task(int task, int worker) {
    long at = (long) task * GRAIN;
    long end = Math.min(numel, at + GRAIN);
    int mid = axes.dim(-2);
    long row = at / inner;
    int column = (int) (at % inner);
    long block = row / mid;
    int m = (int) (row % mid);
    while (at < end) {
      long source = fromOffset + axes.position(0, block, 2);
      long target = toOffset + axes.position(1, block, 2);
      for (; m < mid && at < end; m++) {
        int n = (int) Math.min(inner - column, end - at);
        copyRun(
            source + m * axes.stride(0, -2) + column * fromStep,
            target + m * axes.stride(1, -2) + column * toStep,
            n);
        at += n;
        column = 0;
      }
      m = 0;
      block++;
    }
  }

  private void copyRun(long source, long target, int n) {
    if (fromStep == 1 && toStep == 1 && n >= SHORT_RUN) {
      MemorySegment.copy(from, source * bytes, to, target * bytes, (long) n * bytes);
      return;
    }
    switch (bytes) {
      case 8 -> {
        for (int i = 0; i < n; i++) {
          to.set(I64, (target + i * toStep) * 8, from.get(I64, (source + i * fromStep) * 8));
        }
      }
      case 4 -> {
        for (int i = 0; i < n; i++) {
          to.set(I32, (target + i * toStep) * 4, from.get(I32, (source + i * fromStep) * 4));
        }
      }
      case 2 -> {
        for (int i = 0; i < n; i++) {
          to.set(I16, (target + i * toStep) * 2, from.get(I16, (source + i * fromStep) * 2));
        }
      }
      default -> {
        for (int i = 0; i < n; i++) {
          to.set(
              ValueLayout.JAVA_BYTE,
              target + i * toStep,
              from.get(ValueLayout.JAVA_BYTE, source + i * fromStep));
        }
      }
    }
  }
}
