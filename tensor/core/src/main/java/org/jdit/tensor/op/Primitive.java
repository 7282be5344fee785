package org.jdit.tensor.op;

/** An operation that every backend implements. */
public sealed interface Primitive extends Differentiable
    permits Unary,
        Binary,
        Scale,
        Shift,
        Clamp,
        Compare,
        Where,
        Cast,
        Fill,
        Iota,
        Reduce,
        View,
        Concat,
        Pad,
        MatMul,
        Gather,
        ScatterAdd,
        Unfold,
        Fold {}
