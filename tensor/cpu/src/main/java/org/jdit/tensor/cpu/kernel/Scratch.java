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
  /** Floats of the left operands' working memory of {@link #blocks}. */
  static final int LEFT = 1152 * 1056;

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

    /** Floats of working memory of {@link #blocks} for a matrix unit; others' is the heap. */
    static final int LEFT = 2 << 16;

    private static final int ROWS = 3 * MicroKernel.WIDTH;

    private static final int LAST = ROWS + Blocks.mostTile();

    private static final int WORK = (int) (Bf16Panels.WORK / Float.BYTES);

    /** Result of the micro-kernel. */
    final float[] tile = new float[Blocks.mostTile()];

    /** What loops in machine code are given. */
    final long[] addresses = new long[3];

    /** Left operands. */
    final float[] heap = new float[HEAP];

    /** Address of three rows of a tile. */
    final long rows;

    /** Address of room for a tile. */
    final long room;

    /** Address of right operands. */
    final long memory;

    /** Address of what {@link Bf16Panels} works in. */
    final long work;

    /** Blocks with left operands of this thread's own. */
    final Blocks blocks;

    private Local(long memory, Precision precision, Optional<MatrixUnit> unit) {
      this.memory = memory;
      this.rows = memory + (long) (floats(unit) - LAST) * Float.BYTES;
      this.room = rows + (long) ROWS * Float.BYTES;
      this.work = memory + (long) MEMORY * Float.BYTES;
      this.blocks =
          unit.map(u -> onUnit(u, precision, work + Bf16Panels.WORK, LEFT))
              .orElseGet(() -> new FloatBlocks(precision, heap));
    }

    private static int floats(Optional<MatrixUnit> unit) {
      return MEMORY + WORK + (unit.isPresent() ? LEFT : 0) + LAST;
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
    int shared = unit.isPresent() ? LEFT : 0;
    long own = Local.floats(unit);
    this.slab = memory.allocate((shared + workers.threads() * own) * Float.BYTES);
    long address = slab.segment().address();
    this.blocks =
        unit.map(u -> onUnit(u, precision, address, LEFT))
            .orElseGet(() -> new FloatBlocks(precision, new float[LEFT]));
    this.locals = new Local[workers.threads()];
    for (int i = 0; i < locals.length; i++) {
      locals[i] = new Local(address + (shared + i * own) * Float.BYTES, precision, unit);
    }
  }

  private static Blocks onUnit(MatrixUnit unit, Precision precision, long left, int room) {
    return new UnitBlocks(unit, precision == Precision.BF16X3, left, room);
  }

  /** The threads that the kernels use. */
  public Workers workers() {
    return workers;
  }

  /** Whether vectors are as wide as a matrix unit's panels ask for. */
  public static boolean wideEnough() {
    return MicroKernel.WIDTH == MatrixUnit.SIDE;
  }

  /** How products are packed and multiplied, with left operands for all threads. */
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
