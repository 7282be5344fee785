package org.jdit.tensor.cpu.kernel;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Vectors of the one width of this process, see {@link VectorWidth}. */
public final class Lanes {
  /** The vectors that all kernels use. */
  public static final VectorSpecies<Float> F32 = VectorWidth.chosen();

  /** Elements of a vector. */
  public static final int COUNT = F32.length();

  /** Bytes of a vector. */
  public static final int BYTES = F32.vectorByteSize();

  /** Byte order of tensors. */
  static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

  /**
   * All of memory, for the innermost loops, which take addresses: as a constant it costs no check
   * of lifetime or type, and leaves C2 one shape of access. What calls them checks the bounds.
   */
  @SuppressWarnings("restricted")
  static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private Lanes() {}

  /** The sum of all lanes, halves folded onto each other: the same order on every run. */
  public static float sum(FloatVector v) {
    float[] lane = new float[COUNT];
    v.intoArray(lane, 0);
    return sum(lane);
  }

  /** As above, of lanes in an array, which is used up. */
  static float sum(float[] lane) {
    for (int half = COUNT / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        lane[i] += lane[i + half];
      }
    }
    return lane[0];
  }

  /** The largest lane; NaN if one is NaN. */
  public static float max(FloatVector v) {
    return v.reduceLanes(VectorOperators.MAX);
  }

  /** The vector at an address. */
  static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(F32, MEMORY, address, LITTLE);
  }

  /** Stores a vector at an address. */
  static void store(FloatVector v, long address) {
    v.intoMemorySegment(MEMORY, address, LITTLE);
  }

  /** Element {@code i} from an address on. */
  static float get(long address, int i) {
    return MEMORY.get(Panel.FLOAT, address + (long) i * Float.BYTES);
  }

  /** Sets element {@code i} from an address on. */
  static void set(long address, int i, float x) {
    MEMORY.set(Panel.FLOAT, address + (long) i * Float.BYTES, x);
  }
}
