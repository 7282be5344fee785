package org.jdit.tensor.cpu.kernel;

import java.util.Optional;
import org.jdit.tensor.cpu.machine.MatrixUnit;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.spi.Precision;

/**
 * What {@link Gemm}, {@link AttentionKernel} and {@link ConvKernel} share: their precision, the
 * threads and the working memory, allocated once: 5 MiB and 3 MiB for each thread, whatever the
 * shapes. Kernels that share it must run one after another.
 */
public final class Scratch implements AutoCloseable {
  /** Floats of {@link #left}. */
  static final int LEFT = 1152 * 1056;

  /** Panels of left operands, for all threads. */
  final float[] left = new float[LEFT];

  private final Workers workers;
  private final Precision precision;
  private final Blocks blocks;
  private final Memory.Slab slab;
  private final Local[] locals;

  /** What one thread works in. */
  static final class Local {
    /** Floats of {@link #heap}. */
    static final int HEAP = 5 << 16;

    /** Floats at {@link #memory}. */
    static final int MEMORY = 5 << 16;

    /** Result of the micro-kernel. */
    final float[] tile = new float[Blocks.mostTile()];

    /** One row of a tile. */
    final float[] row = new float[MicroKernel.WIDTH];

    /** Left operands. */
    final float[] heap = new float[HEAP];

    /** Address of right operands. */
    final long memory;

    private Local(long memory) {
      this.memory = memory;
    }
  }

  /** Allocates working memory for the given threads, which stay the caller's to close. */
  public Scratch(Workers workers, Memory memory, Precision precision) {
    this(workers, memory, precision, Optional.empty());
  }

  /**
   * As above, for products on a matrix unit.
   *
   * @throws IllegalArgumentException if there is a unit, but the precision is float32 or the
   *     vectors are too short for it
   */
  public Scratch(Workers workers, Memory memory, Precision precision, Optional<MatrixUnit> unit) {
    if (unit.isPresent() && (precision == Precision.FP32 || !wideEnough())) {
      throw new IllegalArgumentException("no matrix unit for " + precision + " here");
    }
    this.workers = workers;
    this.precision = precision;
    long own = (long) workers.threads() * Local.MEMORY;
    this.slab = memory.allocate((unit.isPresent() ? own + LEFT : own) * Float.BYTES);
    long address = slab.segment().address();
    this.blocks =
        unit.<Blocks>map(
                u -> new UnitBlocks(u, precision == Precision.BF16X3, address + own * Float.BYTES))
            .orElseGet(() -> new FloatBlocks(precision, left));
    this.locals = new Local[workers.threads()];
    for (int i = 0; i < locals.length; i++) {
      locals[i] = new Local(address + (long) i * Local.MEMORY * Float.BYTES);
    }
  }

  /** The threads that the kernels use. */
  public Workers workers() {
    return workers;
  }

  /** Whether vectors are as wide as a matrix unit's panels ask for. */
  public static boolean wideEnough() {
    return MicroKernel.WIDTH == MatrixUnit.SIDE;
  }

  /** How products are packed and multiplied. */
  Blocks blocks() {
    return blocks;
  }

  /** How the kernels round the operands of products. */
  public Precision precision() {
    return precision;
  }

  /** What worker {@code i} works in. */
  Local local(int worker) {
    return locals[worker];
  }

  /** Frees the memory. */
  @Override
  public void close() {
    slab.close();
  }
}
