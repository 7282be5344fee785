package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.BYTES;
import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.F32;
import static org.jdit.tensor.cpu.kernel.Lanes.load;
import static org.jdit.tensor.cpu.kernel.Lanes.store;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.cpu.machine.LoopWriter;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;
import org.jdit.tensor.cpu.machine.VectorLoop;
import org.jdit.tensor.op.Linear.Activation;

/** What happens to the tile of the micro-kernel on its way to C. */
final class Finish {
  private static final int WIDTH = MicroKernel.WIDTH;

  /** How a tile goes to C: with a bias or not, and whether C's elements are added to it first. */
  private record Way(Optional<Activation> affine, boolean add) {}

  /** In machine code, for whole rows of a tile. */
  private static final Map<Way, VectorLoop> LOOPS = loops();

  /** Elements as they are, instead of C's. */
  static final Finish PUT = new Finish(Epilogue.NONE, false);

  /** Elements as they are, added to C's. */
  static final Finish ADD = new Finish(Epilogue.NONE, true);

  private final Epilogue epilogue;
  private final boolean add;
  private final VectorLoop loop;

  /**
   * A way to C.
   *
   * @param epilogue what is done to the elements at last
   * @param add whether what C holds is added before that
   */
  Finish(Epilogue epilogue, boolean add) {
    this.epilogue = epilogue;
    this.add = add;
    this.loop = LOOPS.get(new Way(affine(epilogue), add));
  }

  private static Map<Way, VectorLoop> loops() {
    Map<Way, VectorLoop> all = new HashMap<>();
    for (boolean add : new boolean[] {false, true}) {
      Stream<Optional<Activation>> plain = Stream.of(Optional.empty());
      Stream.concat(plain, Arrays.stream(Activation.values()).map(Optional::of))
          .map(affine -> new Way(affine, add))
          .forEach(way -> loop(way).ifPresent(loop -> all.put(way, loop)));
    }
    return Map.copyOf(all);
  }

  /** From the array to the second address, with the bias at the first; strides are the third. */
  private static Optional<VectorLoop> loop(Way way) {
    LoopWriter x = new LoopWriter();
    int c = x.strided(1, false);
    for (int i = 0; i < 2; i++) {
      Place to = new Place(c, i, 0);
      int sum = x.vector(new Place(LoopWriter.ARRAY, i, 2));
      int whole = way.add ? x.add(sum, x.vector(to)) : sum;
      Place bias = new Place(0, i, 0);
      x.store(way.affine.map(f -> activated(x, f, x.add(whole, x.fixed(bias)))).orElse(whole), to);
    }
    return Loops.load(x);
  }

  private static int activated(LoopWriter x, Activation activation, int y) {
    return switch (activation) {
      case NONE -> y;
      case GELU -> Loops.gelu(x, y);
      case SILU -> Loops.silu(x, y);
    };
  }

  /**
   * Brings the first {@code rows} by {@code cols} elements of {@code local.tile} to C, with what
   * {@link #prepare} has fetched to {@code local.rows}. The tile is used up.
   *
   * @param c address of the first element
   * @param ldc elements from a row of C to the next
   */
  void put(Scratch.Local local, int rows, int cols, long c, long ldc) {
    float[] tile = local.tile;
    if (loop != null) {
      boolean whole = cols == WIDTH;
      if (!whole && add) {
        copy(rows, cols, c, ldc, local.room, WIDTH);
      }
      local.addresses[0] = local.rows;
      local.addresses[1] = whole ? c : local.room;
      local.addresses[2] = (whole ? ldc : WIDTH) * Float.BYTES;
      loop.run(local.addresses, tile, rows);
      if (!whole) {
        copy(rows, cols, local.room, WIDTH, c, ldc);
      }
      return;
    }
    if (add) {
      add(tile, rows, cols, c, ldc);
    }
    apply(epilogue, tile, rows, local.rows);
    put(tile, rows, cols, c, ldc);
  }

  private static void copy(int rows, int cols, long from, long step, long to, long toStep) {
    for (int i = 0; i < rows; i++) {
      MemorySegment.copy(
          Lanes.MEMORY,
          from + i * step * Float.BYTES,
          Lanes.MEMORY,
          to + i * toStep * Float.BYTES,
          (long) cols * Float.BYTES);
    }
  }

  private static Optional<Activation> affine(Epilogue epilogue) {
    return switch (epilogue) {
      case Epilogue.None() -> Optional.empty();
      case Epilogue.Affine(MemorySegment _, long _, Activation activation) ->
          Optional.of(activation);
    };
  }

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

  private static void put(float[] tile, int rows, int cols, long c, long ldc) {
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

  /** Fetches what the epilogue needs for the columns from {@code column} of C on. */
  void prepare(Scratch.Local local, int column, int cols) {
    switch (epilogue) {
      case Epilogue.None() -> {}
      case Epilogue.Affine(MemorySegment bias, long offset, Activation _) ->
          MemorySegment.copy(
              bias,
              (offset + column) * Float.BYTES,
              Lanes.MEMORY,
              local.rows,
              (long) cols * Float.BYTES);
    }
  }

  private static void apply(Epilogue epilogue, float[] tile, int rows, long bias) {
    switch (epilogue) {
      case Epilogue.None() -> {}
      case Epilogue.Affine(MemorySegment _, long _, Activation activation) -> {
        addRow(tile, rows, bias);
        switch (activation) {
          case NONE -> {}
          case GELU -> gelu(tile, rows);
          case SILU -> silu(tile, rows);
        }
      }
    }
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
