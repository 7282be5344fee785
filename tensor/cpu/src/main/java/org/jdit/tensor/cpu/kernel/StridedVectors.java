package org.jdit.tensor.cpu.kernel;

import static org.jdit.tensor.cpu.kernel.Lanes.COUNT;
import static org.jdit.tensor.cpu.kernel.Lanes.F32;

import java.util.Objects;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.cpu.machine.LoopWriter;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;
import org.jdit.tensor.cpu.machine.VectorLoop;

/** One vector of each row of a matrix, copied between memory and an array. */
final class StridedVectors {
  /** In machine code: from an address, behind which is its step, to a place in the array. */
  private static final Optional<VectorLoop> LOAD = copy(false, true);

  /** In machine code: from a place in the array, behind which is its step, to an address. */
  private static final Optional<VectorLoop> STORE = copy(true, false);

  private StridedVectors() {}

  private static Optional<VectorLoop> copy(boolean fromArray, boolean toArray) {
    LoopWriter x = new LoopWriter();
    int from = x.strided(0, fromArray);
    int to = x.strided(2, toArray);
    x.store(x.vector(new Place(from, 0, 0)), new Place(to, 0, 0));
    return Loops.load(x);
  }

  /**
   * Copies to an array, in the order of the rows: vectors there may overlap.
   *
   * @param from address of the first vector
   * @param step bytes from a row to the next
   * @param at position of the first vector in the array
   * @param width elements from a row to the next in the array
   */
  static void load(long from, long step, int rows, float[] into, int at, int width) {
    if (rows == 0) {
      return;
    }
    Objects.checkFromIndexSize((long) at, (rows - 1L) * width + COUNT, into.length);
    if (LOAD.isPresent()) {
      long[] places = {from, step, (long) at * Float.BYTES, (long) width * Float.BYTES};
      LOAD.get().run(places, into, rows);
      return;
    }
    long address = from;
    int to = at;
    for (int i = 0; i < rows; i++) {
      Lanes.load(address).intoArray(into, to);
      address += step;
      to += width;
    }
  }

  /** As {@link #load}, the other way. */
  static void store(float[] from, int at, int width, int rows, long to, long step) {
    if (rows == 0) {
      return;
    }
    Objects.checkFromIndexSize((long) at, (rows - 1L) * width + COUNT, from.length);
    if (STORE.isPresent()) {
      long[] places = {(long) at * Float.BYTES, (long) width * Float.BYTES, to, step};
      STORE.get().run(places, from, rows);
      return;
    }
    long address = to;
    int place = at;
    for (int i = 0; i < rows; i++) {
      Lanes.store(FloatVector.fromArray(F32, from, place), address);
      address += step;
      place += width;
    }
  }
}
