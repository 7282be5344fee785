package org.jdit.weights;

import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;

/**
 * The fixed position table of DiT: two-dimensional sine and cosine, computed in double and rounded
 * to float, as the official {@code get_2d_sincos_pos_embed}.
 */
final class PositionTable {
  private PositionTable() {}

  /** The table in a scope, rounded to {@code dtype}. */
  static Tensor of(int hidden, int grid, DType dtype, TensorScope scope) {
    Tensor f = scope.of(Shape.of(1, grid * grid, hidden), of(hidden, grid));
    return dtype == DType.F32 ? f : scope.copy(f, dtype);
  }

  /**
   * Row-major {@code [1, grid·grid, hidden]}; the first half of the channels encodes the column,
   * the second the row, each as {@code [sin | cos]}.
   */
  static float[] of(int hidden, int grid) {
    int frequencies = hidden / 4;
    float[] table = new float[grid * grid * hidden];
    int at = 0;
    for (int row = 0; row < grid; row++) {
      for (int column = 0; column < grid; column++) {
        for (int axis = 0; axis < 2; axis++) {
          int position = axis == 0 ? column : row;
          for (int k = 0; k < frequencies; k++) {
            double angle = position * (1 / Math.pow(10000, k / (double) frequencies));
            table[at + k] = (float) Math.sin(angle);
            table[at + frequencies + k] = (float) Math.cos(angle);
          }
          at += 2 * frequencies;
        }
      }
    }
    return table;
  }
}
