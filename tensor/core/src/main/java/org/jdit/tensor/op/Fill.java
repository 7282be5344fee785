package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * A constant; no operands.
 *
 * @param spec the result
 * @param value every element
 */
public record Fill(Spec spec, double value) implements Primitive {
  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 0);
    return List.of(spec);
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    return List.of();
  }
}
