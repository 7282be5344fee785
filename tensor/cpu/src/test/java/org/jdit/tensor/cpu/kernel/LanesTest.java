package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

@EveryWidth
class LanesTest {
  @Test
  void theWidthIsTheOneAskedFor() {
    String bits = System.getProperty(VectorWidth.PROPERTY);
    int expected =
        bits == null
            ? Math.clamp(FloatVector.SPECIES_PREFERRED.vectorBitSize(), 128, 512)
            : Integer.parseInt(bits);
    assertThat(Lanes.F32.vectorBitSize()).isEqualTo(expected);
    assertThat(Lanes.COUNT * Float.SIZE).isEqualTo(expected);
  }

  @Test
  void sumsFoldHalvesOntoEachOther() {
    float[] lanes = new float[Lanes.COUNT];
    for (int i = 0; i < lanes.length; i++) {
      lanes[i] = (float) Math.sin(i) * 1e3f;
    }
    assertThat(Lanes.sum(FloatVector.fromArray(Lanes.F32, lanes, 0)))
        .isEqualTo(folded(lanes, 0, 1));
  }

  /** The sum of every {@code step}-th element from {@code first} on. */
  private static float folded(float[] x, int first, int step) {
    return step == x.length
        ? x[first]
        : folded(x, first, 2 * step) + folded(x, first + step, 2 * step);
  }

  @Test
  void theLargestLaneIsFoundAndNanIsKept() {
    float[] lanes = new float[Lanes.COUNT];
    lanes[1] = 3;
    assertThat(Lanes.max(FloatVector.fromArray(Lanes.F32, lanes, 0))).isEqualTo(3);
    lanes[2] = Float.NaN;
    assertThat(Lanes.max(FloatVector.fromArray(Lanes.F32, lanes, 0))).isNaN();
  }
}
