package org.jdit.tensor.op;

import java.util.Arrays;
import java.util.List;
import org.jdit.tensor.DType;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;

/**
 * An element-wise comparison of two operands that broadcast; the result is BOOL.
 *
 * @param fn the relation
 */
public record Compare(Fn fn) implements Primitive {
  /** The relations; all are false for NaN. */
  public enum Fn {
    LT,
    LE,
    EQ
  }

  @Override
  public List<Spec> infer(List<Spec> in) {
    Check.count(this, in, 2);
    Check.that(in.get(0).dtype() == in.get(1).dtype(), this, in, "operands differ in element type");
    return List.of(new Spec(Check.broadcast(this, in), DType.BOOL));
  }

  @Override
  public List<Tensor> vjp(List<Tensor> in, List<Tensor> out, List<Tensor> d) {
    return Arrays.asList(null, null);
  }

  @Override
  public String name() {
    return "Compare." + fn;
  }
}
