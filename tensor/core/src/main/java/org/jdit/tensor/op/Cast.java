package org.jdit.tensor.op;

import java.util.Arrays;
import java.util.List;
import org.jdit.tensor.DType;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * Conversion between element types: rounding to nearest even, truncation towards zero to integers,
 * "not zero" to BOOL.
 *
 * @param to the result's type
 */
public record Cast(DType to) implements Primitive {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 1);
    return List.of(new Spec(in.getFirst().shape(), to));
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    DType from = in.getFirst().dtype();
    return Arrays.asList(from.isFloating() && to.isFloating() ? d.getFirst().cast(from) : null);
  }
}
