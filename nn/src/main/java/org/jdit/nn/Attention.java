package org.jdit.nn;

import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;

/**
 * Multi-head self-attention (timm's Attention of a vision transformer).
 *
 * @param qkv maps {@code [N, T, D]} to query, key and value of all heads, {@code [N, T, 3·D]}
 * @param proj maps the joined heads {@code [N, T, D]}
 * @param heads number of heads, a divisor of D
 */
public record Attention(Linear qkv, Linear proj, int heads) {
  /** The layer with the scope's {@code qkv} and {@code proj}. */
  public static Attention of(Weights weights, int dim, int heads) {
    return new Attention(
        Linear.of(weights.at("qkv"), dim, 3 * dim), Linear.of(weights.at("proj"), dim, dim), heads);
  }

  /** {@code [N, T, D] → [N, T, D]}; taps {@code qkv}. */
  public Tensor apply(Tensor x, Taps taps) {
    Shape s = x.shape();
    int headDim = s.dim(2) / heads;
    Tensor joined = qkv.apply(x);
    taps.tap("qkv", () -> joined);
    Tensor split = joined.reshape(s.dim(0), s.dim(1), 3, heads, headDim).permute(2, 0, 3, 1, 4);
    Shape perHead = Shape.of(s.dim(0), heads, s.dim(1), headDim);
    Tensor q = split.slice(0, 0, 1).reshape(perHead);
    Tensor k = split.slice(0, 1, 1).reshape(perHead);
    Tensor v = split.slice(0, 2, 1).reshape(perHead);
    Tensor mixed = q.attention(k, v, 1 / Math.sqrt(headDim));
    return proj.apply(mixed.permute(0, 2, 1, 3).reshape(s));
  }
}
