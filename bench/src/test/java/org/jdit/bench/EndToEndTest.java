package org.jdit.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jdit.dit.model.DiTConfig;
import org.jdit.dit.model.Numerics;
import org.jdit.dit.vae.VaeConfig;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.Backends;
import org.junit.jupiter.api.Test;

/** Random weights are sampled from files to images, and all that was made is gone afterwards. */
class EndToEndTest {
  @Test
  void samplesFromRandomFiles() {
    DiTConfig config = new DiTConfig(4, 2, 4, 64, 2, 4, 4, 0.1, 10, true, Numerics.OFFICIAL);
    VaeConfig vae = new VaeConfig(3, 4, List.of(32, 64), 1, 32, 1);
    Path directory;
    try (RandomModel files = RandomModel.write(config, vae);
        Backend backend = Backends.cpu()) {
      directory = files.dit().getParent();
      Map<String, Object> figures = EndToEnd.measure(backend, files.dit(), files.vae(), 2, 3);
      assertThat(figures)
          .containsEntry("model", "DiT custom 64x2x4h/2")
          .containsEntry("images", 2)
          .containsEntry("image_size", 8)
          .containsKeys("seconds_to_first_image_decoded", "seconds_per_image_decoded");
      double whole = (double) figures.get("seconds");
      assertThat((double) figures.get("seconds_to_first_step")).isPositive().isLessThan(whole);
      assertThat((double) figures.get("seconds_per_step")).isPositive().isLessThan(whole);
      assertThat((double) figures.get("load_seconds")).isPositive();
      assertThat(backend.memory().liveBytes()).isZero();
    }
    assertThat(Files.exists(directory)).isFalse();
  }
}
