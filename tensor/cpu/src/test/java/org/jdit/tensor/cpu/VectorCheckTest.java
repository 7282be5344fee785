package org.jdit.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jdit.tensor.spi.Finding;
import org.junit.jupiter.api.Test;

/**
 * A diagnosis looks at all that the kernels' speed depends on, and advises where it finds fault.
 */
class VectorCheckTest {
  @Test
  void everythingThatMattersIsFound() {
    List<Finding> found = VectorCheck.run();
    assertThat(found)
        .extracting(Finding::what)
        .containsExactly(
            "float vectors", "float32 code", "bfloat16 code", "matrix product", "error functions");
    assertThat(found).allSatisfy(f -> assertThat(f.advice().isEmpty()).isEqualTo(f.good()));
  }
}
