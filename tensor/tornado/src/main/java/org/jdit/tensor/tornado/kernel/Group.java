package org.jdit.tensor.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;

/** What the threads of one group work out together, in an order that depends on nothing. */
final class Group {
  /** Threads of a group. */
  static final int SIZE = 64;

  private Group() {}

  /**
   * The sum of every thread's value.
   *
   * @param local {@link #SIZE} elements that the threads share
   */
  static float sum(KernelContext context, float[] local, float value) {
    int thread = context.localIdx;
    local[thread] = value;
    for (int half = SIZE / 2; half > 0; half >>= 1) {
      context.localBarrier();
      if (thread < half) {
        local[thread] = local[thread] + local[thread + half];
      }
    }
    context.localBarrier();
    float sum = local[0];
    // So that nobody writes the next value before all have read this one.
    context.localBarrier();
    return sum;
  }

  /** The largest of every thread's value, NaN if one is. */
  static float max(KernelContext context, float[] local, float value) {
    int thread = context.localIdx;
    local[thread] = value;
    for (int half = SIZE / 2; half > 0; half >>= 1) {
      context.localBarrier();
      if (thread < half) {
        local[thread] = larger(local[thread], local[thread + half]);
      }
    }
    context.localBarrier();
    float max = local[0];
    context.localBarrier();
    return max;
  }

  /** The larger of two, NaN if one is. */
  static float larger(float a, float b) {
    return Float.isNaN(a) || a > b ? a : b;
  }
}
