package org.jdit.tensor.cpu.kernel;

import static java.util.stream.Collectors.toUnmodifiableMap;
import static org.jdit.tensor.cpu.kernel.Lanes.BYTES;
import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.F32;
import static org.jdit.tensor.cpu.kernel.Lanes.load;
import static org.jdit.tensor.cpu.kernel.Lanes.store;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.cpu.machine.LoopWriter;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;
import org.jdit.tensor.cpu.machine.VectorLoop;
import org.jdit.tensor.op.Linear.Activation;

/** What happens to the tile of the micro-kernel while it is in the nearest cache. */
final class Finish {
  private static final int WIDTH = MicroKernel.WIDTH;

  /** In machine code, for each activation. */
  private static final Map<Activation, Optional<VectorLoop>> LOOPS =
      Arrays.stream(Activation.values()).collect(toUnmodifiableMap(a -> a, Finish::loop));

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

  /** Fetches what an epilogue needs for the columns from {@code column} of C on to an address. */
  static void prepare(Epilogue epilogue, int column, int cols, long row) {
    switch (epilogue) {
      case Epilogue.None() -> {}
      case Epilogue.Affine(MemorySegment bias, long offset, Activation _) ->
          MemorySegment.copy(
              bias, (offset + column) * Float.BYTES, Lanes.MEMORY, row, (long) cols * Float.BYTES);
    }
  }

  /**
   * Applies an epilogue to a tile, with what {@link #prepare} has fetched to {@code local.rows}.
   */
  static void apply(Epilogue epilogue, float[] tile, int rows, Scratch.Local local) {
    switch (epilogue) {
      case Epilogue.None() -> {}
      case Epilogue.Affine(MemorySegment _, long _, Activation activation) -> {
        Optional<VectorLoop> loop = LOOPS.get(activation);
        if (loop.isPresent()) {
          local.addresses[0] = local.rows;
          loop.get().run(local.addresses, tile, rows);
          return;
        }
        addRow(tile, rows, local.rows);
        switch (activation) {
          case NONE -> {}
          case GELU -> gelu(tile, rows);
          case SILU -> silu(tile, rows);
        }
      }
    }
  }

  /** Adds the row at the first address to each row of the array, and activates that. */
  private static Optional<VectorLoop> loop(Activation activation) {
    LoopWriter x = new LoopWriter();
    for (int i = 0; i < 2; i++) {
      Place at = new Place(LoopWriter.ARRAY, i, 2);
      int y = x.add(x.vector(at), x.fixed(new Place(0, i, 0)));
      x.store(
          switch (activation) {
            case NONE -> y;
            case GELU -> Loops.gelu(x, y);
            case SILU -> Loops.silu(x, y);
          },
          at);
    }
    return Loops.load(x);
  }

  private static void addRow(float[] tile, int rows, long row) {
    for (int i = 0; i < rows * WIDTH; i += WIDTH) {
      for (int j = 0; j < WIDTH; j += COUNT) {
        FloatVector.fromArray(F32, tile, i + j)
            .add(load(row + (long) j * Float.BYTES))
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
