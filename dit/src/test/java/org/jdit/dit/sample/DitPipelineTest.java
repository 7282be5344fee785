package org.jdit.dit.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.jdit.dit.model.Recognition;
import org.jdit.dit.model.Space;
import org.jdit.dit.model.TinyDiT;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Backends;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the pipeline decides by itself. */
class DitPipelineTest {
  private static float largest(Space space, String sampler) {
    Recognition recognition = new Recognition(TinyDiT.config(), space, List.of());
    try (Backend backend = Backends.cpu();
        Model model = new Model(TinyDiT.weights(), recognition, Optional.empty());
        DitPipeline pipeline = new DitPipeline(backend, model)) {
      float largest = 0;
      SampleRequest request = SampleRequest.of(1, 2).with(sampler, "4").withGuidance(1);
      for (float value : pipeline.latents(request, Listener.NONE)) {
        largest = Math.max(largest, Math.abs(value));
      }
      return largest;
    }
  }

  /** The last step of both gives the predicted image itself. */
  @ParameterizedTest
  @ValueSource(strings = {"ddpm", "ddim"})
  void predictedImagesAreClippedOnPixelsAndNotOnLatents(String sampler) {
    assertThat(largest(Space.PIXEL, sampler)).isLessThanOrEqualTo(1);
    assertThat(largest(Space.LATENT, sampler)).isGreaterThan(2);
  }
}
