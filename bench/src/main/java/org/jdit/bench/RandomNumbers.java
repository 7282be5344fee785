package org.jdit.bench;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;

/**
 * Numbers to compute with, drawn faster than a good generator draws them: a time does not depend on
 * them as long as they stay ordinary all the way through a network.
 */
public final class RandomNumbers {
  private RandomNumbers() {}

  /** Operands: uniform in -1..1; integers, which are indices, are 0. */
  public static Tensor operand(Spec spec, TensorScope scope) {
    return uniform(spec, 1, scope);
  }

  /** Weights: uniform, and the smaller the more of them go into a sum, as networks are set up. */
  public static Tensor weight(Spec spec, TensorScope scope) {
    Shape s = spec.shape();
    return uniform(spec, s.rank() < 2 ? 1 : Math.sqrt((double) s.dim(0) / s.numel()), scope);
  }

  private static Tensor uniform(Spec spec, double bound, TensorScope scope) {
    Tensor t = scope.zeros(spec);
    if (spec.dtype() == DType.F32) {
      fill(t.concrete().data(), spec.shape().numel(), bound);
    }
    return t;
  }

  /** A linear congruential generator (Knuth's MMIX), of which the upper bits are used. */
  private static void fill(MemorySegment data, long count, double bound) {
    float unit = (float) (bound * 0x1p-31);
    long state = count;
    for (long i = 0; i < count; i++) {
      state = state * 6364136223846793005L + 1442695040888963407L;
      data.setAtIndex(ValueLayout.JAVA_FLOAT, i, (int) (state >> 32) * unit);
    }
  }
}
