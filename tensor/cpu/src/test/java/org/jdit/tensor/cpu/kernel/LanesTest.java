package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("width")
class LanesTest {
  @Test
  void theWidthIsTheOneAskedFor() {
    String bits = System.getProperty(Lanes.PROPERTY);
    int expected =
        bits == null
            ? Math.clamp(FloatVector.SPECIES_PREFERRED.vectorBitSize(), 128, 512)
            : Integer.parseInt(bits);
    assertThat(Lanes.F32.vectorBitSize()).isEqualTo(expected);
    assertThat(Lanes.COUNT * Float.SIZE).isEqualTo(expected);
  }

  @Test
  void widthsThatDoNotExistAreRefusedInWords() {
    for (String bits : new String[] {"64", "1024", "wide", ""}) {
      assertThatThrownBy(() -> Lanes.choose(bits, FloatVector.SPECIES_PREFERRED))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("jdit.vector.bits=" + bits);
    }
    assertThatThrownBy(() -> Lanes.choose("256", FloatVector.SPECIES_128))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("at most 128");
    assertThat(Lanes.choose("256", FloatVector.SPECIES_512)).isEqualTo(FloatVector.SPECIES_256);
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
