package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jdk.incubator.vector.FloatVector;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.Test;

/** Which widths can be asked for. */
class VectorWidthTest {
  @Test
  void widthsThatDoNotExistAreRefusedInWords() {
    for (String bits : new String[] {"64", "1024", "wide", ""}) {
      assertThatThrownBy(() -> VectorWidth.choose(bits, FloatVector.SPECIES_PREFERRED))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("jdit.vector.bits=" + bits);
    }
    assertThatThrownBy(() -> VectorWidth.choose("256", FloatVector.SPECIES_128))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("at most 128");
    assertThat(VectorWidth.choose("256", FloatVector.SPECIES_512))
        .isEqualTo(FloatVector.SPECIES_256);
  }
}
