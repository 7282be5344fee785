package org.jdit.nn.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.LinkedHashMap;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.testkit.ReferenceBackend;
import org.jdit.tensor.testkit.ReferenceData;
import org.jdit.tensor.testkit.Tolerance;
import org.junit.jupiter.api.Test;

/** Optimisers compute what torch's do; what torch does not have follows its formula. */
class OptimisersTest {
  @Test
  void adamWWithDecayAndOtherConstantsMatchesTorch() {
    ReferenceData data = ReferenceData.resource("adamw.safetensors");
    AdamW adamw = new AdamW(0.8, 0.95, 1e-6, 0.05);
    try (Backend backend = ReferenceBackend.rounding();
        TensorScope scope = backend.openScope()) {
      Tensor gradients = data.tensor("adamw_unit/grads", scope);
      float[] expected = data.floats("adamw_unit/params");
      Tensor p = data.tensor("adamw_unit/start", scope).reshape(-1);
      Tensor zeros = p.fill(p.shape(), 0);
      AdamW.State state = new AdamW.State(p, zeros, zeros);
      int n = p.dim(0);
      for (int i = 0; i < 4; i++) {
        Tensor gradient = gradients.slice(0, i, 1).reshape(-1);
        Tensor factors = scope.of(Shape.of(3), adamw.factors(i + 1, 3e-3));
        state = adamw.step(state, gradient, factors);
        float[] wanted = new float[n];
        System.arraycopy(expected, i * n, wanted, 0, n);
        // Weights of size 1: a rounding in each of the four steps.
        new Tolerance(2.5e-7, 0).assertClose("step " + i, state.parameters().toFloats(), wanted);
      }
    }
  }

  @Test
  void averagesWarmUpOnlyIfAsked() {
    Ema plain = new Ema(0.9999, false);
    assertThat(plain.decayAt(1)).isEqualTo(0.9999);
    Ema warm = new Ema(0.9999, true);
    assertThat(warm.decayAt(1)).isEqualTo(2.0 / 11);
    assertThat(warm.decayAt(990)).isEqualTo(0.991);
    assertThat(warm.decayAt(1_000_000)).isEqualTo(0.9999);
    assertThat(warm.factors(990)).containsExactly(0.991f, 0.009f);
  }

  @Test
  void anAverageMovesByTheShareThatComesIn() {
    try (Backend backend = new ReferenceBackend();
        TensorScope scope = backend.openScope()) {
      Tensor average = scope.of(Shape.of(2), 1f, -2f);
      Tensor now = scope.of(Shape.of(2), 3f, 2f);
      Tensor next = Ema.step(average, now, scope.of(Shape.of(2), 0.75f, 0.25f));
      assertThat(next.toFloats()).containsExactly(1.5f, -1f);
    }
  }

  @Test
  void clippingKeepsSmallGradientsAndShrinksLargeOnes() {
    try (Backend backend = new ReferenceBackend();
        TensorScope scope = backend.openScope()) {
      Tensor g = scope.of(Shape.of(2), 3f, -4f);
      Tensor norm = GradientClipping.norm(g);
      assertThat(norm.item()).isEqualTo(5);
      assertThat(new GradientClipping(6).apply(g, norm).toFloats()).containsExactly(3f, -4f);
      assertThat(new GradientClipping(1).apply(g, norm).toDoubles())
          .containsExactly(new double[] {0.6, -0.8}, Offset.offset(1e-6));
    }
  }

  @Test
  void aVectorHoldsEachParameterInOrder() {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put("w", Shape.of(2, 3));
    shapes.put("b", Shape.of(2));
    ParameterVector vector = new ParameterVector(shapes);
    assertThat(vector.size()).isEqualTo(8);
    assertThat(vector.offsets()).containsExactly(Map.entry("w", 0), Map.entry("b", 6));
    try (Backend backend = new ReferenceBackend();
        TensorScope scope = backend.openScope()) {
      Tensor all = scope.of(Shape.of(8), 0f, 1f, 2f, 3f, 4f, 5f, 6f, 7f);
      Map<String, Tensor> parts = vector.split(all);
      assertThat(parts.get("w").shape()).isEqualTo(Shape.of(2, 3));
      assertThat(parts.get("b").toFloats()).containsExactly(6f, 7f);
      assertThat(vector.join(parts::get).toFloats()).isEqualTo(all.toFloats());
    }
  }

  @Test
  void numbersOutOfRangeAreRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> new AdamW(1, 0.9, 1e-8, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> new AdamW(0.9, 0.9, 1e-8, -1));
    assertThatIllegalArgumentException().isThrownBy(() -> new Ema(1, false));
    assertThatIllegalArgumentException().isThrownBy(() -> new GradientClipping(0));
  }
}
