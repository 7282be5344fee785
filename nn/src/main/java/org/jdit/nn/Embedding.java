package org.jdit.nn;

import org.jdit.tensor.Tensor;

/**
 * A table of vectors (torch.nn.Embedding).
 *
 * @param weight {@code [V, D]}
 */
public record Embedding(Tensor weight) {
  /** The table that is the only weight of a scope. */
  public static Embedding of(Weights weights, int rows, int dim) {
    return new Embedding(weights.get("weight", rows, dim));
  }

  /** Rows for integer ids: {@code [...] → [..., D]}. */
  public Tensor apply(Tensor ids) {
    return weight.gather(ids);
  }
}
