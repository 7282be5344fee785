package org.jdit.tensor.op;

/** A fused operation that states a better gradient than its recipe's. */
public sealed interface FusedWithGradient extends Fused, Differentiable
    permits Linear, Gelu, Silu, Softmax, LayerNorm, Attention {}
