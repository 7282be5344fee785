package org.jdit.tensor.cpu.kernel;

/**
 * {@code softmax(scale · q kᵀ) v} without the matrix of all scores (torch
 * scaled_dot_product_attention).
 */
public final class AttentionKernel {
  private final Scratch scratch;

  /** Attention with the given threads and working memory. */
  public AttentionKernel(Scratch scratch) {
    this.scratch = scratch;
  }

  /**
   * Computes attention; all operands are float32 with any strides.
   *
   * @param q {@code [B, H, T, D]}
   * @param k {@code [B, H, S, D]}, S at least 1
   * @param v {@code [B, H, S, D]}
   * @param out {@code [B, H, T, D]}, overlaps no operand
   * @param lse {@code [B, H, T]}: log of the sum of exp of the scaled scores
   */
  public void run(
      Operand q,
      Operand k,
      Operand v,
      double scale,
      Operand out,
      Operand lse) {
    throw new UnsupportedOperationException(scratch.toString());
  }
}
