package org.jdit.tensor.cpu.kernel;

/**
 * Matrix products {@code C = epilogue(A · B)} or {@code C = epilogue(C + A · B)} in float32. An
 * element of C is the same whatever the number of rows of A, of threads or of products in the batch.
 */
public final class Gemm {
  private final Scratch scratch;

  /** Products with the given threads and working memory. */
  public Gemm(Scratch scratch) {
    this.scratch = scratch;
  }

  /**
   * One product with a packed right operand.
   *
   * @param a {@code [M, K]}, any strides
   * @param b {@code [K, N]}
   * @param c {@code [M, N]}, column stride 1; overlaps no operand
   * @param accumulate whether the product is added to what C holds
   * @throws IllegalArgumentException if the sizes do not fit
   */
  public void multiply(
      Matrix a, PackedMatrix b, Matrix c, boolean accumulate, Epilogue epilogue) {
    throw new UnsupportedOperationException(scratch.toString());
  }

  /** As the product with a packed operand, with {@code b [K, N]} of any strides. */
  public void multiply(Matrix a, Matrix b, Matrix c, boolean accumulate, Epilogue epilogue) {
    long[] zero = {0};
    batched(a, zero, b, zero, c, zero, accumulate, epilogue);
  }

  /**
   * Many products of one form, shared out over all threads together: product {@code i} is of {@code
   * a}, {@code b} and {@code c} moved on by {@code aOffsets[i]}, {@code bOffsets[i]} and {@code
   * cOffsets[i]} elements. Operands may repeat; results must not overlap.
   *
   * @param a {@code [M, K]}, any strides
   * @param b {@code [K, N]}, any strides
   * @param c {@code [M, N]}, column stride 1
   * @param accumulate whether the product is added to what C holds
   * @throws IllegalArgumentException if the sizes do not fit
   */
  public void batched(
      Matrix a,
      long[] aOffsets,
      Matrix b,
      long[] bOffsets,
      Matrix c,
      long[] cOffsets,
      boolean accumulate,
      Epilogue epilogue) {
    throw new UnsupportedOperationException();
  }
}
