package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.BYTES;
import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.F32;
import static org.jdit.tensor.cpu.kernel.Lanes.load;
import static org.jdit.tensor.cpu.kernel.Lanes.store;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.op.Linear.Activation;

/** What happens to the tile of the micro-kernel while it is in the nearest cache. */
final class Finish {
  private static final int WIDTH = MicroKernel.WIDTH;

  private Finish() {}

  /** Adds what C holds to the first {@code rows} by {@code cols} elements of a tile. */
  static void add(float[] tile, int rows, int cols, long c, long ldc) {
    for (int i = 0; i < rows; i++) {
      int at = i * WIDTH;
      long from = c + i * ldc * Float.BYTES;
      if (cols == WIDTH) {
        FloatVector.fromArray(F32, tile, at).add(load(from)).intoArray(tile, at);
        FloatVector.fromArray(F32, tile, at + COUNT)
            .add(load(from + BYTES))
            .intoArray(tile, at + COUNT);
      } else {
        for (int j = 0; j < cols; j++) {
          tile[at + j] += Lanes.MEMORY.get(Panel.FLOAT, from + (long) j * Float.BYTES);
        }
      }
    }
  }

  /** Stores the first {@code rows} by {@code cols} elements of a tile in C. */
  static void put(float[] tile, int rows, int cols, long c, long ldc) {
    for (int i = 0; i < rows; i++) {
      int at = i * WIDTH;
      long to = c + i * ldc * Float.BYTES;
      if (cols == WIDTH) {
        store(FloatVector.fromArray(F32, tile, at), to);
        store(FloatVector.fromArray(F32, tile, at + COUNT), to + BYTES);
      } else {
        MemorySegment.copy(tile, at, Lanes.MEMORY, Panel.FLOAT, to, cols);
      }
    }
  }

  /** Fetches what an epilogue needs for the columns from {@code column} of C on. */
  static void prepare(Epilogue epilogue, int column, int cols, float[] row) {
    switch (epilogue) {
      case Epilogue.None() -> {}
      case Epilogue.Affine(MemorySegment bias, long offset, Activation _) ->
          MemorySegment.copy(bias, Panel.FLOAT, (offset + column) * Float.BYTES, row, 0, cols);
    }
  }

  /**
   * Applies an epilogue to a tile.
   *
   * @param row what {@link #prepare} fetched for its columns
   */
  static void apply(Epilogue epilogue, float[] tile, int rows, float[] row) {
    switch (epilogue) {
      case Epilogue.None() -> {}
      case Epilogue.Affine(MemorySegment _, long _, Activation activation) -> {
        addRow(tile, rows, row);
        switch (activation) {
          case NONE -> {}
          case GELU -> gelu(tile, rows);
          case SILU -> silu(tile, rows);
        }
      }
    }
  }

  private static void addRow(float[] tile, int rows, float[] row) {
    for (int i = 0; i < rows * WIDTH; i += WIDTH) {
      for (int j = 0; j < WIDTH; j += COUNT) {
        FloatVector.fromArray(F32, tile, i + j)
            .add(FloatVector.fromArray(F32, row, j))
            .intoArray(tile, i + j);
      }
    }
  }

  private static void gelu(float[] tile, int rows) {
    for (int i = 0; i < rows * WIDTH; i += COUNT) {
      VectorMath.gelu(FloatVector.fromArray(F32, tile, i)).intoArray(tile, i);
    }
  }

  private static void silu(float[] tile, int rows) {
    for (int i = 0; i < rows * WIDTH; i += COUNT) {
      VectorMath.silu(FloatVector.fromArray(F32, tile, i)).intoArray(tile, i);
    }
  }
}
