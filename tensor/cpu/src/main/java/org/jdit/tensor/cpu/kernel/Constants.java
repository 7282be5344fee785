package org.jdit.tensor.cpu.kernel;

import org.jdit.tensor.Elements;
import org.jdit.tensor.Shape;

/** Values without operands. */
public final class Constants {
  private Constants() {}

  /** Every element the same. */
  public static Step fill(double value, Operand out) {
    return () -> {
      for (long i = 0; i < out.numel(); i++) {
        Elements.set(out.data(), out.dtype(), out.layout().offset() + i, value);
      }
    };
  }

  /** {@code 0, 1, 2, …} along an axis. */
  public static Step iota(int axis, Operand out) {
    Shape s = out.shape();
    long inner = s.sub(axis + 1, s.rank()).numel();
    return () -> {
      for (long i = 0; i < out.numel(); i++) {
        long index = i / inner % s.dim(axis);
        Elements.setLong(out.data(), out.dtype(), out.layout().offset() + i, index);
      }
    };
  }
}
