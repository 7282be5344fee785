package org.jdit.tensor.tornado;

import java.lang.foreign.MemorySegment;
import org.jdit.tensor.Elements;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.tornado.kernel.Operand;

/** The host's side of device arrays. */
final class Host {
  private Host() {}

  /** The elements of a row-major value. */
  static MemorySegment slice(Operand x) {
    long each = x.dtype().bytes();
    return x.array().getSegment().asSlice(x.offset() * each, x.numel() * each);
  }

  /** A copy of a value of any layout as a tensor. */
  static Tensor copy(Operand x, TensorScope into) {
    Tensor t = into.zeros(new Spec(x.shape(), x.dtype()));
    Elements.copy(
        into.wrap(x.array().getSegment(), x.dtype(), x.layout()), t.concrete().data(), x.dtype());
    return t;
  }
}
