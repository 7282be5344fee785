package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import org.jdit.tensor.cpu.machine.LoopWriter;
import org.jdit.tensor.cpu.machine.LoopWriter.Format;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;
import org.jdit.tensor.cpu.machine.VectorLoop;

/**
 * IEEE half-precision numbers in memory, to and from floats. Loops in Java have one side on the
 * heap, since C2 makes vectors only of what cannot overlap.
 */
final class Float16 {
  private static final ValueLayout.OfShort BITS =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(Lanes.LITTLE);

  /** Floats that go by way of the heap together, which then are in the first-level cache. */
  private static final int CHUNK = 1024;

  /** In machine code, from the array to the address. */
  private static final Optional<VectorLoop> NARROW =
      Loops.pairs(
          (x, i) ->
              x.store(
                  x.vector(new Place(LoopWriter.ARRAY, i, 2)), Format.HALF, new Place(0, i, 1)));

  /** In machine code, from the first address to the second. */
  private static final Optional<VectorLoop> WIDEN =
      Loops.pairs((x, i) -> x.store(x.vector(Format.HALF, new Place(0, i, 1)), new Place(1, i, 2)));

  private Float16() {}

  /** Stores {@code count} floats that are half-precision numbers in two bytes each. */
  static void narrow(float[] from, int count, long to) {
    int done = 0;
    if (NARROW.isPresent()) {
      NARROW.get().run(new long[] {to}, from, count / Loops.PAIR);
      done = count - count % Loops.PAIR;
    }
    for (int i = done; i < count; i++) {
      Lanes.MEMORY.set(BITS, to + (long) i * Short.BYTES, Float.floatToFloat16(from[i]));
    }
  }

  /**
   * Fills {@code count} floats from two bytes each.
   *
   * @param buffer at least 1024 floats to overwrite
   */
  static void widen(long from, int count, float[] buffer, long to) {
    if (WIDEN.isPresent()) {
      widen(from, count, to);
      return;
    }
    for (int i = 0; i < count; i += CHUNK) {
      int n = Math.min(CHUNK, count - i);
      widen(from + (long) i * Short.BYTES, n, buffer);
      MemorySegment.copy(buffer, 0, Lanes.MEMORY, Panel.FLOAT, to + (long) i * Float.BYTES, n);
    }
  }

  /** As above without a buffer, which is slower where there is no machine code. */
  static void widen(long from, int count, long to) {
    int done = 0;
    if (count >= Loops.PAIR && WIDEN.isPresent()) {
      WIDEN.get().run(new long[] {from, to}, count / Loops.PAIR);
      done = count - count % Loops.PAIR;
    }
    for (int i = done; i < count; i++) {
      Lanes.set(to, i, at(from + (long) i * Short.BYTES));
    }
  }

  private static void widen(long from, int count, float[] to) {
    for (int i = 0; i < count; i++) {
      to[i] = at(from + (long) i * Short.BYTES);
    }
  }

  /** The element at an address. */
  static float at(long address) {
    return Float.float16ToFloat(Lanes.MEMORY.get(BITS, address));
  }
}
