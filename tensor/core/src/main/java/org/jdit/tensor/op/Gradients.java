package org.jdit.tensor.op;

import java.util.stream.IntStream;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;

/** What gradient rules share. */
final class Gradients {
  private Gradients() {}

  /** The gradient of a stretched operand: summed over the axes that were stretched. */
  static Tensor unbroadcast(Tensor d, Shape to) {
    int extra = d.shape().rank() - to.rank();
    int[] over =
        IntStream.range(0, d.shape().rank())
            .filter(i -> i < extra || (to.dim(i - extra) == 1 && d.dim(i) != 1))
            .toArray();
    return (over.length == 0 ? d : d.sum(over)).reshape(to);
  }
}
