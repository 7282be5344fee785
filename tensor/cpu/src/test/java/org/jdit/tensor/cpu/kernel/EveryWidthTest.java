package org.jdit.tensor.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;

/** Tests at a width are skipped where the processor has it not, and nowhere else. */
class EveryWidthTest {
  @Test
  void aWidthThatIsMissingIsSkippedWithTheReason() {
    assertThat(asked("512", FloatVector.SPECIES_256).isDisabled()).isTrue();
    assertThat(asked("512", FloatVector.SPECIES_256).getReason())
        .hasValue("vectors of 512 bits: this processor has at most 256");
    assertThat(asked("256", FloatVector.SPECIES_128).isDisabled()).isTrue();
    assertThat(asked("128", FloatVector.SPECIES_64).isDisabled()).isTrue();
  }

  @Test
  void aWidthThatIsThereIsTested() {
    for (String bits : new String[] {null, "128", "256", "512"}) {
      assertThat(asked(bits, FloatVector.SPECIES_512).isDisabled()).as(bits).isFalse();
    }
    assertThat(asked("256", FloatVector.SPECIES_256).isDisabled()).isFalse();
    assertThat(asked(null, FloatVector.SPECIES_64).isDisabled()).isFalse();
  }

  /** They fail then, as they should. */
  @Test
  void aWidthThatDoesNotExistIsTested() {
    for (String bits : new String[] {"64", "1024", "0512", "wide", ""}) {
      assertThat(asked(bits, FloatVector.SPECIES_128).isDisabled()).as(bits).isFalse();
    }
  }

  private static ConditionEvaluationResult asked(String bits, VectorSpecies<Float> widest) {
    return EveryWidth.Condition.evaluate(bits, widest);
  }
}
