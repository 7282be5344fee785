package org.jdit.dit.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jdit.tensor.JditException;
import org.junit.jupiter.api.Test;

/** A configuration follows from names and shapes; what they do not say is stated or refused. */
class RecognitionTest {
  private static ListedFile file(DiTConfig config, Map<String, String> metadata) {
    return ListedFile.of(DiT.stateDict(config), metadata);
  }

  private static Recognition.Wishes wishes(String model, int classes, int heads) {
    return new Recognition.Wishes(Optional.ofNullable(model), positive(classes), positive(heads));
  }

  private static OptionalInt positive(int n) {
    return n > 0 ? OptionalInt.of(n) : OptionalInt.empty();
  }

  @Test
  void allTwelveModelsAreRecognised() {
    for (String name : DiTConfig.names()) {
      DiTConfig config = DiTConfig.named(name, 32, 1000);
      Recognition found = Recognition.of(file(config, Map.of()), Recognition.Wishes.NONE);
      assertThat(found.config()).as(name).isEqualTo(config);
      assertThat(found.assumptions())
          .contains("1000 classes and a null class assumed from 1001 label rows");
    }
  }

  @Test
  void assumedHeadsAreSaid() {
    ListedFile xl = file(DiTConfig.named("DiT-XL/2", 64, 1000), Map.of());
    assertThat(Recognition.of(xl, Recognition.Wishes.NONE).assumptions())
        .contains("16 heads assumed from width 1152");
  }

  @Test
  void customNetworksNeedHeadsOrMetadata() {
    ListedFile tiny = file(TinyDiT.config(), Map.of());
    assertThatThrownBy(() -> Recognition.of(tiny, Recognition.Wishes.NONE))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("width of 48")
        .hasMessageContaining("--num-heads");
    Recognition told = Recognition.of(tiny, wishes(null, 10, 3));
    assertThat(told.config()).isEqualTo(TinyDiT.config());
    assertThat(told.config().name()).isEqualTo("DiT custom 48x2x3h/2");
    assertThat(told.assumptions()).isEmpty();

    DiTConfig diffusers = TinyDiT.config().with(Numerics.DIFFUSERS);
    ListedFile saved = file(diffusers, Recognition.metadata(diffusers, Space.LATENT, false));
    Recognition read = Recognition.of(saved, Recognition.Wishes.NONE);
    assertThat(read.config()).isEqualTo(diffusers);
    assertThat(read.assumptions()).isEmpty();
  }

  @Test
  void metadataTellWhatIsPredicted() {
    DiTConfig s2 = DiTConfig.named("DiT-S/2", 32, 1000);
    assertThat(Recognition.of(file(s2, Map.of()), Recognition.Wishes.NONE).predictXStart())
        .isFalse();
    for (boolean image : new boolean[] {false, true}) {
      ListedFile saved = file(s2, Recognition.metadata(s2, Space.PIXEL, image));
      Recognition found = Recognition.of(saved, Recognition.Wishes.NONE);
      assertThat(found.predictXStart()).isEqualTo(image);
      assertThat(found.space()).isEqualTo(Space.PIXEL);
    }
    ListedFile velocity = file(s2, Map.of("predict_xstart", "velocity"));
    assertThatThrownBy(() -> Recognition.of(velocity, Recognition.Wishes.NONE))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("unknown predict_xstart \"velocity\" in its metadata");
  }

  @Test
  void withoutANullRowGuidanceIsRefusedInWords() {
    DiTConfig free = new DiTConfig(32, 2, 4, 384, 12, 6, 4, 0, 1000, false, Numerics.OFFICIAL);
    Recognition found = Recognition.of(file(free, Map.of()), Recognition.Wishes.NONE);
    assertThat(found.config()).isEqualTo(free);
    assertThatThrownBy(found.config()::nullClass)
        .isInstanceOf(JditException.class)
        .hasMessageContaining("no null class (1000 label rows for 1000 classes)")
        .hasMessageContaining("guidance is impossible");

    DiTConfig unconditional = new DiTConfig(32, 2, 4, 384, 12, 6, 4, 0, 1, true, Numerics.OFFICIAL);
    assertThat(Recognition.of(file(unconditional, Map.of()), Recognition.Wishes.NONE).config())
        .isEqualTo(unconditional);
  }

  @Test
  void contradictionsAreRefused() {
    ListedFile s2 = file(DiTConfig.named("DiT-S/2", 32, 1000), Map.of());
    assertThatThrownBy(() -> Recognition.of(s2, wishes("DiT-XL/2", 0, 0)))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("some.pt is a DiT-S/2, not a DiT-XL/2");
    assertThatThrownBy(() -> Recognition.of(s2, wishes(null, 10, 0)))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("1001 label rows")
        .hasMessageContaining("not 10");
    assertThatThrownBy(() -> Recognition.of(s2, wishes("DiT-S/2", 0, 8)))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("not a DiT-S/2");
    assertThat(Recognition.of(s2, wishes("DiT-S/2", 1000, 6)).config().name()).isEqualTo("DiT-S/2");
  }

  @Test
  void otherFilesAreRefused() {
    ListedFile s2 = file(DiTConfig.named("DiT-S/2", 32, 1000), Map.of());
    assertThatThrownBy(
            () -> Recognition.of(ReferenceFile.of("vae.safetensors"), Recognition.Wishes.NONE))
        .isInstanceOf(JditException.class)
        .hasMessage("vae.safetensors is no DiT checkpoint: it has no x_embedder.proj.weight");
    assertThatThrownBy(
            () -> Recognition.of(s2.with("pos_embed", 1, 250, 384), Recognition.Wishes.NONE))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("250 tokens, which is no square");
    assertThatThrownBy(
            () ->
                Recognition.of(
                    s2.with("final_layer.linear.weight", 12, 384), Recognition.Wishes.NONE))
        .isInstanceOf(JditException.class)
        .hasMessageContaining("maps 4 channels to 3");
  }
}
