package org.jdit.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import org.jdit.tensor.Shape;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.testkit.ReferenceBackend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which channels guidance touches, and that the two forms of it agree. */
class ClassifierFreeGuidanceTest {
  private final ReferenceBackend backend = ReferenceBackend.rounding();
  private final TensorScope scope = backend.openScope();
  private final Tensor scale = scope.of(Shape.SCALAR, 4f);
  private final Tensor cond = scope.of(Shape.of(1, 5, 1, 1), 1f, 2, 3, 4, 5);
  private final Tensor uncond = scope.of(Shape.of(1, 5, 1, 1), 0f, 1, 5, 40, 50);

  @AfterEach
  void close() {
    scope.close();
    backend.close();
  }

  @Test
  void guidesThreeChannelsAndLeavesTheRestConditional() {
    Tensor out = ClassifierFreeGuidance.OFFICIAL.guide(cond, uncond, scale);
    assertThat(out.toFloats()).containsExactly(4, 5, -3, 4, 5);
  }

  @Test
  void guidesAllChannelsIfAsked() {
    Tensor out = new ClassifierFreeGuidance(5).guide(cond, uncond, scale);
    assertThat(out.toFloats()).containsExactly(4, 5, -3, -104, -130);
  }

  @Test
  void aScaleOfOneIsTheConditionalOutput() {
    Tensor one = scope.of(Shape.SCALAR, 1f);
    assertThat(new ClassifierFreeGuidance(5).guide(cond, uncond, one).toFloats())
        .containsExactly(cond.toFloats());
  }

  @Test
  void theOfficialFormReadsTheFirstHalfAndKeepsTheRestOfEachHalf() {
    Tensor x = scope.of(Shape.of(2, 5, 1, 1), 1f, 2, 3, 4, 5, 9, 9, 9, 9, 9);
    Tensor factors = scope.of(Shape.of(2, 1, 1, 1), 1f, 10);
    Denoiser both = (in, _) -> in.mul(factors);
    Tensor out = ClassifierFreeGuidance.OFFICIAL.doubled(both, scale).predict(x, scale);
    // cond = x, uncond = 10 x: guided 10 x - 36 x in both halves, the rest as each half said.
    assertThat(out.toFloats()).containsExactly(-26, -52, -78, 4, 5, -26, -52, -78, 40, 50);
    Tensor single =
        ClassifierFreeGuidance.OFFICIAL.over(both, scale).predict(x.slice(0, 0, 1), scale);
    assertThat(single.toFloats()).containsExactly(out.slice(0, 0, 1).toFloats());
  }
}
