package org.jdit.tensor.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.LongStream;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.junit.jupiter.api.Test;

/** Recorded tensors come out with their shapes, types and numbers. */
class ReferenceDataTest {
  private final ReferenceData ops = ReferenceData.resource("ops.safetensors");

  @Test
  void readsSpecsAndNumbers() {
    assertThat(ops.keys()).contains("linear.1/w", "embedding.0/idx");
    assertThat(ops.spec("linear.1/w")).isEqualTo(Spec.f32(33, 16));
    assertThat(ops.shape("sum.4/out")).isEqualTo(Shape.SCALAR);
    assertThat(LongStream.of(ops.longs("embedding.0/idx")))
        .hasSize(4)
        .allMatch(id -> id >= 0 && id < 7);
    assertThat(ops.has("linear.1/nothing")).isFalse();
    // out = x wᵀ + b, so the file is read at the right places
    double[] x = ops.doubles("linear.2/x");
    double[] w = ops.doubles("linear.2/w");
    double[] b = ops.doubles("linear.2/b");
    Tolerance.relToMax(1e-6)
        .assertClose("linear.2", ops.floats("linear.2/out"), new double[] {x[0] * w[0] + b[0]});
  }

  @Test
  void copiesIntoAScope() {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      ops.assertClose("matmul.4/a", ops.tensor("matmul.4/a", scope), Tolerance.EXACT);
      assertThat(ops.tensor("embedding.0/idx", scope).toLongs())
          .isEqualTo(ops.longs("embedding.0/idx"));
    }
  }

  @Test
  void namesWhatIsMissing() {
    assertThatThrownBy(() -> ops.doubles("linear.9/x")).hasMessageContaining("linear.9/x");
    assertThatThrownBy(() -> ReferenceData.resource("nothing.safetensors"))
        .hasMessageContaining("nothing.safetensors");
  }
}
