package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.jdit.tensor.JditException;
import org.junit.jupiter.api.Test;

/** Class labels are numbers or ImageNet names; what is neither is refused with suggestions. */
class ClassLabelsTest {
  private final ClassLabels imageNet = new ClassLabels(1000);

  @Test
  void readsNumbersAndNames() {
    assertThat(imageNet.parse("207, golden retriever,Golden_Retriever,otter,Ailurus fulgens"))
        .containsExactly(207, 207, 207, 360, 387);
  }

  @Test
  void theOfficialEightAreTheseAnimalsAndPlaces() {
    String names = "golden retriever,otter,lesser panda,geyser,macaw,valley,balloon,Arctic fox";
    assertThat(imageNet.official()).isEqualTo(imageNet.parse(names));
    assertThat(imageNet.official()).containsExactly(207, 360, 387, 974, 88, 979, 417, 279);
  }

  @Test
  void suggestsTheNearestNames() {
    assertThatThrownBy(() -> imageNet.parse("goldn retriver"))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("golden retriever (207)");
  }

  @Test
  void refusesANameOfSeveralClasses() {
    assertThatThrownBy(() -> imageNet.parse("crane"))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("[134, 517]");
  }

  @Test
  void refusesNumbersOutOfRange() {
    assertThatThrownBy(() -> imageNet.parse("1000"))
        .isInstanceOf(JditException.class)
        .hasMessage("class label 1000 is out of range: the model has classes 0 to 999");
    assertThatThrownBy(() -> imageNet.parse("-1")).isInstanceOf(JditException.class);
    assertThatThrownBy(() -> imageNet.parse(" , ")).isInstanceOf(JditException.class);
  }

  @Test
  void knowsNoNamesForOtherModels() {
    ClassLabels ten = new ClassLabels(10);
    assertThat(ten.parse("0,9")).containsExactly(0, 9);
    assertThatThrownBy(() -> ten.parse("otter")).hasMessageContaining("10 classes");
  }
}
