package org.jdit.weights;

import java.util.List;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;

/**
 * The fixed position table of DiT: two-dimensional sines and cosines, as the official {@code
 * get_2d_sincos_pos_embed}.
 */
public final class PositionTable {
  private PositionTable() {}

  /** The table {@code [1, grid·grid, dim]} in a scope, rounded to float and then {@code dtype}. */
  static Tensor of(int dim, int grid, DType dtype, TensorScope scope) {
    Tensor f = scope.of(Spec.f32(1, grid * grid, dim), sinCos2d(dim, grid));
    return dtype == DType.F32 ? f : scope.copy(f, dtype);
  }

  /**
   * Row-major {@code [grid·grid, dim]}, one row for each patch: the first half of the channels says
   * the patch's column, the second half its row, each as {@code [sin | cos]} of the coordinate at
   * frequencies {@code 10000^(-i/(dim/4))}.
   *
   * @param dim channels, a multiple of 4
   * @param grid patches along a side
   * @throws JditException if {@code dim} is no multiple of 4
   */
  public static double[] sinCos2d(int dim, int grid) {
    if (dim % 4 != 0) {
      throw new JditException("positions need a width that is a multiple of 4, not " + dim);
    }
    int frequencies = dim / 4;
    double[] table = new double[grid * grid * dim];
    int at = 0;
    for (int row = 0; row < grid; row++) {
      for (int column = 0; column < grid; column++) {
        for (int position : List.of(column, row)) {
          for (int i = 0; i < frequencies; i++) {
            double angle = position * (1 / Math.pow(10000, i / (double) frequencies));
            table[at + i] = Math.sin(angle);
            table[at + frequencies + i] = Math.cos(angle);
          }
          at += 2 * frequencies;
        }
      }
    }
    return table;
  }
}
