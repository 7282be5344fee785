package org.jdit.tensor.op;

import java.util.List;
import org.jdit.tensor.Tensor;

/**
 * An operation with a recipe in simpler ones. No backend must implement it, one with a kernel for
 * it is faster; its gradient is the recipe's unless it is a {@link FusedWithGradient}.
 */
public sealed interface Fused extends Op
    permits FusedWithGradient,
        AttentionGradient,
        LayerNormModulate,
        GroupNorm,
        RmsNorm,
        GateResidual,
        Conv2d {
  /** The same results in simpler operations. */
  List<Tensor> decompose(List<Tensor> in);

  /**
   * Whether a Program whose gradient is wanted runs the recipe forwards too, because the gradient
   * needs values that the fused operation keeps to itself.
   */
  default boolean differentiatedInParts() {
    return false;
  }
}
