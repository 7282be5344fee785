package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Spec;

/**
 * An operation: attributes and a shape rule. Operations are data; what runs them is a backend. The
 * set is sealed, so that the compiler lists the places which a new one touches.
 */
public sealed interface Op permits Differentiable, Fused, Call {
  /**
   * The results' specs, and the only place where operands are checked.
   *
   * @throws IllegalArgumentException if the operands do not fit
   */
  List<Spec> infer(List<Spec> in);

  /** What this operation is called in messages and listings. */
  default String name() {
    return getClass().getSimpleName();
  }
}
