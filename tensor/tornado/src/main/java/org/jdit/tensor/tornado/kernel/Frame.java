package org.jdit.tensor.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.WorkerGrid2D;
import uk.ac.manchester.tornado.api.WorkerGrid3D;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;

/**
 * What the kernels of one task graph share.
 *
 * @param context the handle through which kernels know their thread
 * @param iteration one element: the iteration of the loop that the graph is the body of, or 0
 * @param failure two elements that kernels set when they meet a bad value: 1, and the value
 * @param tables makes small arrays of constants for kernels
 */
public record Frame(KernelContext context, IntArray iteration, LongArray failure, Tables tables) {
  /** Threads of a group in kernels whose threads are independent of each other. */
  private static final int GROUP = 64;

  /** Makes arrays of constants, which live as long as the task graph. */
  public interface Tables {
    /** An array of these values. */
    IntArray of(int... values);

    /** An array of these values. */
    FloatArray of(float... values);
  }

  /**
   * At least {@code threads} threads that need nothing of each other; kernels check that {@code
   * globalIdx} is below the number they want.
   */
  public static WorkerGrid independent(int threads) {
    return groups(Math.ceilDiv(threads, GROUP), GROUP);
  }

  /** Groups of threads in one dimension. */
  public static WorkerGrid groups(int groups, int size) {
    WorkerGrid grid = new WorkerGrid1D(Math.multiplyExact(groups, size));
    grid.setLocalWork(size, 1, 1);
    return grid;
  }

  /** {@code x · y} groups of {@code size} threads, which lie along the first dimension. */
  public static WorkerGrid groups(int x, int y, int size) {
    WorkerGrid grid = new WorkerGrid2D(Math.multiplyExact(x, size), y);
    grid.setLocalWork(size, 1, 1);
    return grid;
  }

  /** {@code x · y · z} groups of {@code size} threads, which lie along the first dimension. */
  public static WorkerGrid groups(int x, int y, int z, int size) {
    WorkerGrid grid = new WorkerGrid3D(Math.multiplyExact(x, size), y, z);
    grid.setLocalWork(size, 1, 1);
    return grid;
  }
}
